-- The organisations that customers belong to: part of triage, beside topics and rules.
set lock_timeout = '5s';
set statement_timeout = '60s';

create table triage.organisations (
    subject uuid primary key,
    organisation_id text not null,
    active boolean not null,
    definition jsonb not null
);
