-- Articles that colleagues review, topics and languages, and the tickets that they solved.
set lock_timeout = '2s';
set statement_timeout = '30s';

alter table reviews.articles
    add column number text not null default '',
    add column topics text[] not null default '{}',
    add column language text not null default '',
    add column verdict text not null default '',
    add column reviewed_by text not null default '',
    add column review_comment text not null default '',
    add column published_topics text[] not null default '{}',
    add column published_language text not null default '',
    add column published_by text not null default '',
    add column withdrawn_at timestamptz,
    add column withdrawn_because text not null default '',
    add column waits boolean not null default true;

create table reviews.article_links (
    id uuid primary key,
    subject uuid not null,
    number text not null,
    article_id text not null,
    linked_by text not null,
    linked_at timestamptz not null
);

create index links_by_subject on reviews.article_links (subject);
create index links_by_article on reviews.article_links (article_id);

update reviews.articles a
set number = t.number,
    waits = a.published_at is null or (a.published_title, a.published_body) <> (a.title, a.body)
from reviews.tickets t
where t.subject = a.subject;

-- squawk-ignore require-concurrent-index-creation
create index articles_by_id on reviews.articles (article_id);
-- squawk-ignore require-concurrent-index-creation
create index articles_waiting on reviews.articles (drafted_at) where waits;
