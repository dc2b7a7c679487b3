-- Routing: rules, strategies, shifts; places in line; who helped whom; what lies untouched.
set lock_timeout = '5s';
set statement_timeout = '60s';

alter table queues.tickets
    add column facts jsonb not null default '{}',
    add column wants jsonb not null default '{}',
    add column weight int not null default 1,
    add column how text not null default '',
    add column overrides text[] not null default '{}',
    add column requester uuid,
    add column clocks jsonb not null default '{}',
    add column due_at timestamptz,
    add column line_at timestamptz not null default now(),
    add column watch_minutes double precision not null default 0,
    add column watched_since timestamptz,
    add column untouched_since timestamptz;

-- The queue is taken up need by need: by due time, then priority, then age.
-- Few tickets are queued at a time: the table is not held for long.
-- squawk-ignore require-concurrent-index-deletion
drop index queues.tickets_queued;
-- squawk-ignore require-concurrent-index-creation
create index tickets_queued on queues.tickets (need, line_at, rank desc, since, subject)
    where queued_at is not null;
-- Who last helped a requester. Only a read model's follower waits, and it catches up.
-- squawk-ignore require-concurrent-index-creation
create index tickets_requester on queues.tickets (requester, assigned_at desc)
    where last_agent_id is not null;

alter table queues.agents
    add column levels jsonb not null default '{}',
    add column timezone text not null default 'UTC',
    add column shifts jsonb not null default '{}',
    add column leave jsonb not null default '[]';

alter table queues.teams add column strategy text not null default 'least_loaded';

create table queues.routing (
    subject uuid primary key,
    definition jsonb not null
);

create table queues.timers (
    id uuid primary key,
    subject uuid not null,
    kind text not null,
    due_at timestamptz not null,
    command jsonb not null,
    cause uuid,
    correlation uuid
);

create index timers_by_due on queues.timers (due_at);
create index timers_by_subject on queues.timers (subject);
