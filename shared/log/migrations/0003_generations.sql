-- The generations of the projections besides the live ones: what is being built, what was
-- kept after a swap, what stands as it did at some instant. The live generation is the one
-- whose cursor bears the projection's name.
set lock_timeout = '5s';
set statement_timeout = '60s';

create table ledger.generations (
    projection text not null,
    generation int not null,
    kind text not null check (kind in ('rebuild', 'replay')),
    phase text not null,
    -- The instant a replay stops at; null for a rebuild, which catches up with the present.
    until timestamptz,
    -- How far it has read: of the log's positions, and of the events that it folds.
    position bigint not null default 0,
    events bigint not null default 0,
    events_expected bigint not null default 0,
    rows_compared bigint not null default 0,
    detail text not null default '',
    started_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    primary key (projection, generation)
);

-- Why a follower was stopped: it stays so until an operator lets it go on.
alter table ledger.cursors add column stopped text;
