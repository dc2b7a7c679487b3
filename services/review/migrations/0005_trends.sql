-- The read model `trends`: what became of each ticket.
set lock_timeout = '2s';
set statement_timeout = '30s';

create schema trends;

create table trends.tickets (
    subject uuid primary key,
    number text not null,
    requester_id uuid not null,
    organisation text not null,
    topic_id text not null,
    topic_name text not null,
    opened_at timestamptz not null,
    team_id text not null,
    team_name text not null,
    agent_id text not null,
    cause text not null,
    responded_at timestamptz,
    resolved_at timestamptz,
    closed_at timestamptz,
    reopenings int not null,
    breaches int not null,
    rating int,
    recurred boolean not null,
    score int,
    merged boolean not null
) with (fillfactor = 80);

create index trends_by_time on trends.tickets (opened_at);
