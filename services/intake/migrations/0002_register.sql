-- The register of tickets (stage 2): number, time, status, and whether the customer knows.
set lock_timeout = '5s';
set statement_timeout = '60s';

create schema register;

create table register.tickets (
    subject uuid primary key,
    number text not null,
    channel text not null,
    topic_id text not null,
    title text not null,
    requester_id uuid not null,
    requester_name text not null,
    requester_email text not null,
    opened_at timestamptz not null,
    status text not null,
    status_at timestamptz not null,
    acknowledgment text not null,
    acknowledged_at timestamptz,
    agent_id text,
    merged_into uuid
);
create index tickets_number on register.tickets (number);
create index tickets_requester on register.tickets (requester_id, opened_at desc);
