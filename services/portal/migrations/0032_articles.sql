-- Articles that customers can read, found by their words; and open tickets by their titles.
set lock_timeout = '2s';
set statement_timeout = '30s';

create table pages.articles (
    article_id text primary key,
    subject uuid not null,
    title text not null,
    body text not null,
    topics text[] not null,
    language text not null,
    published_at timestamptz not null
);

create index articles_of_ticket on pages.articles (subject);
create index articles_by_words on pages.articles
using gin (to_tsvector('simple', title || ' ' || body));
