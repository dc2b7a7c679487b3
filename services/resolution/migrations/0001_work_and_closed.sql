-- The read models of resolution: `work` with its timers, and `closed`.
set lock_timeout = '2s';
set statement_timeout = '30s';

create schema work;

create table work.tickets (
    subject uuid primary key,
    number text not null,
    status text not null,
    opened_at timestamptz not null,
    changed_at timestamptz not null,
    agent_id text,
    agent_name text not null,
    team_id text,
    started_at timestamptz,
    held_at timestamptz,
    hold_reason text not null,
    informed_at timestamptz,
    last_reply_at timestamptz,
    last_reply_by text,
    last_message_at timestamptz,
    resolved_at timestamptz,
    closed_at timestamptz,
    holds int not null,
    replies int not null,
    notes int not null,
    reports int not null,
    messages int not null,
    escalations int not null,
    resolutions int not null,
    rejections int not null,
    reopenings int not null,
    close_after_minutes double precision not null,
    archive_after_minutes double precision not null
) with (fillfactor = 80);

-- Open tickets, whoever has waited longest to hear of us first.
create index tickets_by_silence on work.tickets
    ((coalesce(informed_at, opened_at)), subject)
    where status not in ('Resolved', 'Closed', 'Archived');

create table work.timers (
    id uuid primary key,
    subject uuid not null,
    kind text not null,
    due_at timestamptz not null,
    command jsonb not null,
    cause uuid,
    correlation uuid
);

create index timers_by_due on work.timers (due_at);
create index timers_by_subject on work.timers (subject);

create schema closed;

create table closed.tickets (
    subject uuid primary key,
    number text not null,
    topic_name text not null,
    opened_at timestamptz not null,
    kind text,
    cause text not null,
    solution text not null,
    resolved_by text,
    resolved_at timestamptz,
    verified_method text not null,
    verified_result text not null,
    verified_by text,
    verified_at timestamptz,
    confirmed_by text,
    confirmed_at timestamptz,
    comment text not null,
    how text,
    note text not null,
    closed_by text,
    closed_at timestamptz,
    archived_at timestamptz,
    merged_into uuid,
    reopenings int not null
) with (fillfactor = 80);

create index tickets_by_closing on closed.tickets (closed_at desc, subject)
    where closed_at is not null;
