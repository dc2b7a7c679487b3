-- People with several addresses, and whose language we were told.
set lock_timeout = '5s';
set statement_timeout = '60s';

create table triage.people (
    subject uuid primary key,
    linked jsonb not null,
    language text not null,
    timezone text not null
);
