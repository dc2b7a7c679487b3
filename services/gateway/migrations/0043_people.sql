-- People with several addresses, and whose language we were told.
set lock_timeout = '2s';
set statement_timeout = '30s';

create table desk_view.people (
    subject uuid primary key,
    linked jsonb not null,
    language text not null,
    timezone text not null
);
