-- Whom a plan is for: part of triage, beside the topics that offer it.
set lock_timeout = '5s';
set statement_timeout = '60s';

create table triage.entitlements (
    subject uuid primary key,
    plan_id text not null,
    active boolean not null,
    definition jsonb not null
);
