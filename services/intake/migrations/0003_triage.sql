-- Triage (stage 3): what a ticket is about, how much it weighs, what it resembles; and the
-- topics of the desk.
set lock_timeout = '5s';
set statement_timeout = '60s';

create schema triage;

create table triage.tickets (
    subject uuid primary key,
    number text not null,
    requester_id uuid not null,
    opened_at timestamptz not null,
    open boolean not null,
    words text[] not null,
    questions jsonb not null,
    verified_at timestamptz,
    type text,
    topic_id text not null,
    topic_name text not null,
    team_id text,
    tier int,
    impact text,
    urgency text,
    priority text,
    overridden boolean not null,
    reason text not null,
    related jsonb not null,
    merged_into uuid
);
create index tickets_open_by_requester on triage.tickets (requester_id, opened_at desc)
    where open;

create table triage.topics (
    subject uuid primary key,
    topic_id text not null,
    active boolean not null,
    revision int not null,
    definition jsonb not null
);
