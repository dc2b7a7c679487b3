-- The desk's rules of quality.
set lock_timeout = '2s';
set statement_timeout = '30s';

create schema quality_rules;

create table quality_rules.rules (
    subject uuid primary key,
    rules jsonb not null
);
