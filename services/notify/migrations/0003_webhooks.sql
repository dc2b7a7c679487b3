-- Webhooks. Not a read model: the fan-out and the sender write it, and it is kept when
-- projections are rebuilt. What is posted is read from the log, so that no text stands here.
set lock_timeout = '5s';
set statement_timeout = '60s';

create schema callouts;

-- One row a webhook: what it is as of the fan-out's cursor, and its breaker.
create table callouts.endpoints (
    webhook_id uuid primary key,
    url text not null,
    types text[] not null,
    description text not null,
    active boolean not null,
    removed boolean not null default false,
    generation integer not null default 1,
    rotated_at timestamptz,
    created_by text not null,
    created_at timestamptz not null,
    failures integer not null default 0,
    open_until timestamptz
);

-- One row a delivery.
--   waiting    to be posted at next_at
--   claimed    a sender has it
--   delivered  the endpoint has taken it
--   failed     all tries are used up: posted again only when somebody asks
--   cancelled  the webhook was removed before
create table callouts.deliveries (
    id uuid primary key,
    webhook_id uuid not null,
    event_id uuid not null,
    ticket_id uuid not null,
    type text not null,
    position bigint not null,
    occurred_at timestamptz not null,
    state text not null
        check (state in ('waiting', 'claimed', 'delivered', 'failed', 'cancelled')),
    tries integer not null default 0,
    next_at timestamptz not null,
    holder uuid,
    lease_until timestamptz,
    settled_at timestamptz
) with (fillfactor = 80);

create index deliveries_due on callouts.deliveries (webhook_id, next_at)
    where state in ('waiting', 'claimed');
create index deliveries_of_webhook on callouts.deliveries (webhook_id, position desc, id);
create index deliveries_settled on callouts.deliveries (settled_at) where settled_at is not null;

-- The delivery log: every try, and what the endpoint said.
create table callouts.tries (
    id bigint generated always as identity primary key,
    delivery_id uuid not null references callouts.deliveries (id) on delete cascade,
    tried_at timestamptz not null,
    status integer,
    trouble text not null,
    duration_ms integer not null
);

create index tries_of_delivery on callouts.tries (delivery_id, id);
