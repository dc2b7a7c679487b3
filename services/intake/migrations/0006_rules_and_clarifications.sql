-- Rules of the desk, tags of tickets, and the timers of what customers were asked.
set lock_timeout = '5s';
set statement_timeout = '60s';

create table triage.rules (
    subject uuid primary key,
    revision int not null,
    definition jsonb not null
);

alter table triage.tickets add column tags text[] not null default '{}';
alter table triage.tickets add column linked jsonb not null default '[]';

create schema clarifications;

create table clarifications.timers (
    id uuid primary key,
    subject uuid not null,
    kind text not null,
    due_at timestamptz not null,
    command jsonb not null,
    cause uuid,
    correlation uuid
);
create index timers_due_at on clarifications.timers (due_at);
create index timers_of_a_ticket on clarifications.timers (subject);
