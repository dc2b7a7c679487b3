-- Sessions of the panel that somebody ended by signing out, until their cookies are good for
-- nothing anyhow. Not a read model: kept when projections are rebuilt.
set lock_timeout = '2s';
set statement_timeout = '30s';

create schema sessions;

create table sessions.ended (
    id uuid primary key,
    forget_at timestamptz not null
);

create index ended_by_time on sessions.ended (forget_at);
