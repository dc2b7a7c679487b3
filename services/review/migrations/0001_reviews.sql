-- The read model of review: closed tickets looked back on, ratings, articles, follow-ups.
set lock_timeout = '2s';
set statement_timeout = '30s';

create schema reviews;

create table reviews.tickets (
    subject uuid primary key,
    number text not null,
    topic_id text not null,
    topic_name text not null,
    agent_id text,
    workers text[] not null,
    closings int not null,
    reopenings int not null,
    breaches int not null,
    closed_at timestamptz,
    how text,
    follow_up_after_minutes double precision not null,
    followed_up_at timestamptz,
    rating int,
    recurred boolean not null,
    score int,
    reviewed_by text,
    reviewed_at timestamptz,
    why_review text not null
) with (fillfactor = 80);

-- What a colleague should look at, the earliest closed first.
create index tickets_to_review on reviews.tickets (closed_at, subject)
    where why_review <> '' and reviewed_at is null;

create table reviews.ratings (
    id uuid primary key,
    subject uuid not null,
    closing int not null,
    agent_id text,
    topic_id text not null,
    topic_name text not null,
    rating int not null,
    comment text not null,
    recurred boolean not null,
    given_at timestamptz not null
);

create index ratings_by_subject on reviews.ratings (subject);
create index ratings_by_time on reviews.ratings (given_at);

create table reviews.articles (
    id uuid primary key,
    subject uuid not null,
    article_id text not null,
    title text not null,
    body text not null,
    drafted_by text not null,
    drafted_at timestamptz not null,
    published_title text not null,
    published_body text not null,
    published_at timestamptz
);

create index articles_by_subject on reviews.articles (subject);
create index articles_by_publication on reviews.articles (published_at desc)
    where published_at is not null;

create table reviews.timers (
    id uuid primary key,
    subject uuid not null,
    kind text not null,
    due_at timestamptz not null,
    command jsonb not null,
    cause uuid,
    correlation uuid
);

create index timers_by_due on reviews.timers (due_at);
create index timers_by_subject on reviews.timers (subject);
