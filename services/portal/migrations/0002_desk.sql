-- The desk's name, and whom a plan is for: part of pages.
set lock_timeout = '2s';
set statement_timeout = '30s';

create table pages.entitlements (
    subject uuid primary key,
    plan_id text not null,
    people uuid[] not null,
    domains text[] not null
);

create table pages.desk (
    subject uuid primary key,
    name text not null
);
