-- The read models of sla: `desk`, what is promised; `clocks`, how it stands, and its timers.
set lock_timeout = '2s';
set statement_timeout = '30s';

create schema desk;

create table desk.calendars (
    subject uuid primary key,
    calendar_id text not null unique,
    timezone text not null,
    hours jsonb not null,
    holidays text[] not null,
    special_hours jsonb not null,
    revision int not null
);

create table desk.plans (
    subject uuid primary key,
    plan_id text not null unique,
    name text not null,
    description text not null,
    calendar_id text not null,
    targets jsonb not null,
    default_for text[] not null,
    warn_at_share double precision not null,
    escalate_on_breach boolean not null,
    revision int not null
);

create schema clocks;

create table clocks.tickets (
    subject uuid primary key,
    number text not null,
    opened_at timestamptz,
    priority text,
    plan_id text,
    plan_name text not null,
    plan_reason text not null,
    plan_by text not null,
    plan_revision int not null,
    applied_at timestamptz,
    calendar_id text,
    calendar jsonb,
    team_id text,
    agent_id text
) with (fillfactor = 80);

create table clocks.clocks (
    id uuid primary key,
    subject uuid not null,
    clock text not null,
    state text not null,
    target_minutes double precision not null,
    started_at timestamptz not null,
    due_at timestamptz,
    warn_at timestamptz,
    paused_at timestamptz,
    pause_reason text not null,
    remaining_seconds double precision,
    elapsed_seconds double precision not null,
    warned_at timestamptz,
    breached_at timestamptz,
    ended_at timestamptz,
    reason text not null,
    history jsonb not null
) with (fillfactor = 80);
create index clocks_of_a_ticket on clocks.clocks (subject, clock);
create index clocks_due_next on clocks.clocks (due_at, id) where state = 'running';

create table clocks.timers (
    id uuid primary key,
    subject uuid not null,
    kind text not null,
    due_at timestamptz not null,
    command jsonb not null,
    cause uuid,
    correlation uuid
);
create index timers_due_at on clocks.timers (due_at);
create index timers_of_a_ticket on clocks.timers (subject);
