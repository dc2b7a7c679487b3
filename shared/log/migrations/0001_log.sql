-- The log of one service, and what hangs on it. Owned by the service's owner role; the
-- service itself may read, and append through one function (0002), and nothing else.
set lock_timeout = '5s';
set statement_timeout = '60s';

create schema if not exists ledger;

-- What the service said and heard, in the order it learned it.
create table ledger.log (
    position bigint generated always as identity primary key,
    subject uuid not null,
    author text not null,
    version int not null check (version > 0),
    id uuid not null unique,
    previous uuid,
    said boolean not null,
    topic text not null,
    type text not null,
    after text not null,
    revision int not null,
    correlation uuid not null,
    causation uuid,
    actor text not null,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    traceparent text not null,
    data json not null,
    unique (subject, author, version),
    check ((version = 1) = (previous is null))
);

-- How far each stream has come, also where nothing of it is stored.
create table ledger.heads (
    subject uuid not null,
    author text not null,
    version int not null,
    id uuid not null,
    primary key (subject, author)
);

-- Heard too early: waits for its predecessor, or for what its author had seen.
create table ledger.waiting (
    subject uuid not null,
    author text not null,
    version int not null,
    id uuid not null,
    key bytea,
    headers json not null,
    body bytea not null,
    topic text not null,
    waiting_since timestamptz not null default now(),
    primary key (subject, author, version)
);

-- Where each follower stands, and which process leads it.
create table ledger.cursors (
    name text not null,
    generation int not null default 1,
    position bigint not null,
    born_position bigint not null,
    born_at timestamptz not null default now(),
    leader uuid,
    lease_until timestamptz,
    primary key (name, generation)
);

-- What could not be handled: one subject, for one follower, until an operator decides.
create table ledger.parked (
    id uuid primary key,
    follower text not null,
    subject uuid not null,
    position bigint,
    event_id uuid,
    reason text not null,
    detail text not null,
    headers json,
    body bytea,
    parked_at timestamptz not null default now()
);
create unique index parked_subject on ledger.parked (follower, subject);

-- Limited resources, and how much of each is taken.
create table ledger.capacity (
    resource text primary key,
    used int not null default 0,
    ceiling int not null default 0
);

-- Up to when each partition of each topic has been read to its end.
create table ledger.read_to (
    topic text not null,
    partition int not null,
    as_of timestamptz not null,
    primary key (topic, partition)
);

-- Timers that were handled, so that one that led to nothing is not due for ever.
create table ledger.fired (
    id uuid not null,
    due_at timestamptz not null,
    primary key (id, due_at)
);

create function ledger.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the log is append-only: % is refused', lower(tg_op)
        using errcode = 'insufficient_privilege';
end
$$;

create trigger log_is_append_only before update or delete on ledger.log
    for each row execute function ledger.refuse_change();
create trigger log_is_never_truncated before truncate on ledger.log
    for each statement execute function ledger.refuse_change();
