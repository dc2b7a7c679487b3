-- How many mails of each blocked sender were refused since they were blocked: a count beside the
-- log, as a flood of what nobody takes is nothing to keep.
set lock_timeout = '2s';
set statement_timeout = '30s';

create schema refusals;

create table refusals.counted (
    person_id uuid primary key,
    since timestamptz not null,
    mails bigint not null,
    last_at timestamptz not null
);
