-- queues: tickets and who has them, agents and how they are, teams.
set lock_timeout = '5s';
set statement_timeout = '60s';

create schema queues;

create table queues.tickets (
    subject uuid primary key,
    number text not null,
    stage text not null check (stage in ('incoming', 'waiting', 'held')),
    closed boolean not null,
    verified boolean not null,
    prioritised boolean not null,
    team_id text,
    team_name text,
    skills text[] not null,
    tier int not null,
    declined text[] not null,
    need text,
    queued boolean not null,
    had_before text,
    agent_id text,
    agent_tier int not null,
    recategorised boolean not null,
    participants text[] not null,
    priority text,
    rank int not null,
    since timestamptz not null,
    queued_at timestamptz,
    last_agent_id text,
    assigned_at timestamptz,
    reason text not null,
    candidates jsonb not null,
    decided_at timestamptz
);

-- The queue is taken up need by need: the most urgent first, then the oldest.
create index tickets_queued on queues.tickets (need, rank desc, since, subject)
    where queued_at is not null;
-- Counts of a team's queue, without looking at the table.
create index tickets_counted on queues.tickets (team_id, rank, since)
    where queued_at is not null;
-- What an agent has now.
create index tickets_held on queues.tickets (agent_id, team_id, subject)
    where agent_id is not null;
-- When an agent last got a ticket.
create index tickets_last_agent on queues.tickets (last_agent_id, assigned_at desc)
    where last_agent_id is not null;

create table queues.agents (
    subject uuid primary key,
    agent_id text not null,
    name text not null,
    role text not null,
    team_ids text[] not null,
    skills text[] not null,
    tier int not null,
    capacity int not null,
    active boolean not null,
    online boolean not null
);

create unique index agents_agent_id on queues.agents (agent_id);
create index agents_team_ids on queues.agents using gin (team_ids);

create table queues.teams (
    subject uuid primary key,
    team_id text not null,
    name text not null
);

create unique index teams_team_id on queues.teams (team_id);
