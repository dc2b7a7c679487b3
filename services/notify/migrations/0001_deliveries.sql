-- The read models `deliveries` and `directory`, and the sender's outbox.
set lock_timeout = '2s';
set statement_timeout = '30s';

create schema deliveries;

create table deliveries.notifications (
    id uuid primary key,
    subject uuid not null,
    kind text not null,
    recipient text not null,
    to_customer boolean not null,
    title text not null,
    stage text not null,
    attempts integer not null,
    reason text not null,
    hard boolean not null,
    requested_at timestamptz not null,
    settled_at timestamptz
) with (fillfactor = 80);

create index notifications_of_ticket on deliveries.notifications (subject, requested_at);

create index notifications_open on deliveries.notifications (requested_at)
    where stage in ('requested', 'unknown');

create index notifications_to on deliveries.notifications (recipient, settled_at);

create index notifications_bounced on deliveries.notifications (settled_at) where hard;

create schema directory;

create table directory.agents (
    subject uuid primary key,
    agent_id text not null,
    name text not null,
    email text not null,
    role text not null,
    team_ids text[] not null,
    active boolean not null
);

create index agents_by_id on directory.agents (agent_id);

create table directory.teams (
    subject uuid primary key,
    team_id text not null,
    name text not null,
    email text not null
);

create table directory.plans (
    subject uuid primary key,
    plan_id text not null,
    promises jsonb not null,
    default_for text[] not null
);

create table directory.mailboxes (
    subject uuid primary key,
    mailbox text not null
);

-- One row a notification: who tries to send it, and how far that has come. Not a read model:
-- it is written by the sender, and kept when projections are rebuilt.
--   claimed  a sender has it, and has handed nothing over
--   sending  the mail is being handed over: if the lease ends here, the outcome is unknown
--   waiting  to be tried again at next_at
--   done     nothing is left to do
create schema outbox;

create table outbox.attempts (
    id uuid primary key,
    subject uuid not null,
    state text not null check (state in ('claimed', 'sending', 'waiting', 'done')),
    holder uuid not null,
    instance text not null,
    lease_until timestamptz not null,
    attempts integer not null,
    unknowns integer not null,
    was_sending boolean not null default false,
    next_at timestamptz not null,
    last_error text not null default ''
) with (fillfactor = 80);

create index attempts_unsettled on outbox.attempts (next_at) where state <> 'done';
