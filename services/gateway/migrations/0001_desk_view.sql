-- The agents' read model: every table of the projection `desk_view`, with the indexes that
-- its queues, searches and counts use. Queues are pages in the order of due times.
set lock_timeout = '2s';
set statement_timeout = '30s';

create schema desk_view;

create table desk_view.tickets (
    subject uuid primary key,
    number text not null,
    title text not null,
    status text not null,
    active boolean not null,
    channel text not null,
    topic_id text not null,
    topic_name text not null,
    requester_id uuid not null,
    requester_name text not null,
    requester_email text not null,
    requester_phone text not null,
    opened_at timestamptz not null,
    updated_at timestamptz not null,
    vector text not null,
    impact text,
    urgency text,
    priority text,
    priority_reason text not null,
    type text,
    tier integer not null,
    team_id text,
    team_name text,
    agent_id text,
    agent_name text,
    participants jsonb not null,
    plan_id text,
    plan_name text,
    due_at timestamptz,
    due_clock text,
    breached boolean not null,
    pinned jsonb not null,
    questions jsonb not null,
    related jsonb not null,
    absorbed jsonb not null,
    merged_into jsonb,
    custom_fields jsonb not null,
    solution jsonb,
    articles jsonb not null,
    reopened integer not null,
    undelivered text not null,
    rating integer,
    quality_score integer,
    resolved_at timestamptz,
    closed_at timestamptz,
    followed_up_at timestamptz
) with (fillfactor = 70);

create unique index tickets_by_number on desk_view.tickets (number);

create index tickets_by_due on desk_view.tickets
    ((coalesce(due_at, timestamptz 'infinity')), opened_at, subject)
    where active;

create index tickets_by_agent on desk_view.tickets
    (agent_id, (coalesce(due_at, timestamptz 'infinity')), opened_at, subject)
    where active;

create index tickets_by_team on desk_view.tickets
    (team_id, (coalesce(due_at, timestamptz 'infinity')), opened_at, subject)
    where active;

create index tickets_unassigned on desk_view.tickets
    ((coalesce(due_at, timestamptz 'infinity')), opened_at, subject)
    where active and agent_id is null;

create index tickets_breached on desk_view.tickets
    ((coalesce(due_at, timestamptz 'infinity')), opened_at, subject)
    where active and breached;

create index tickets_by_status on desk_view.tickets
    (status, (coalesce(due_at, timestamptz 'infinity')), opened_at, subject)
    where closed_at is null;

create index tickets_by_priority on desk_view.tickets
    (priority, (coalesce(due_at, timestamptz 'infinity')), opened_at, subject)
    where active;

create index tickets_by_participant on desk_view.tickets using gin (participants) where active;

create index tickets_by_requester on desk_view.tickets (requester_id, opened_at, subject);

create index tickets_by_closing on desk_view.tickets (closed_at, subject)
    where closed_at is not null;

create table desk_view.messages (
    id uuid primary key,
    subject uuid not null,
    position bigint not null,
    kind text not null,
    public boolean not null,
    author_name text not null,
    text text not null,
    at timestamptz not null,
    label text not null,
    pinned boolean not null,
    automatic boolean not null,
    attachments jsonb not null,
    stream text not null,
    version integer not null
);

create index messages_of_ticket on desk_view.messages (subject, position);

create table desk_view.timeline (
    id uuid primary key,
    subject uuid not null,
    position bigint not null,
    stream text not null,
    version integer not null,
    type text not null,
    actor text not null,
    words text not null,
    quiet boolean not null,
    at timestamptz not null
);

create index timeline_of_ticket on desk_view.timeline (subject, position);

create table desk_view.clocks (
    id uuid primary key,
    subject uuid not null,
    kind text not null,
    state text not null,
    target_minutes double precision not null,
    started_at timestamptz not null,
    due_at timestamptz not null,
    remaining_seconds double precision,
    reason text not null,
    warned boolean not null,
    breached_at timestamptz,
    ended_at timestamptz
);

create index clocks_of_ticket on desk_view.clocks (subject);

create table desk_view.words (
    subject uuid primary key,
    body text not null
);

create index words_found on desk_view.words using gin (to_tsvector('simple', body));

create table desk_view.agents (
    subject uuid primary key,
    agent_id text not null,
    name text not null,
    email text not null,
    role text not null,
    team_ids text[] not null,
    skills text[] not null,
    tier integer not null,
    capacity integer not null,
    token_hash text not null,
    active boolean not null,
    online boolean not null,
    revision integer not null
);

create index agents_by_id on desk_view.agents (agent_id);

create index agents_by_token on desk_view.agents (token_hash) where token_hash <> '';

create table desk_view.teams (
    subject uuid primary key,
    team_id text not null,
    name text not null
);

create table desk_view.plans (
    subject uuid primary key,
    plan_id text not null,
    name text not null,
    description text not null,
    targets jsonb not null
);

create table desk_view.topics (
    subject uuid primary key,
    topic_id text not null,
    name text not null,
    active boolean not null
);
