-- People in copy of tickets.
set lock_timeout = '2s';
set statement_timeout = '30s';

create table pages.copies (
    id uuid primary key,
    subject uuid not null,
    person_id uuid not null,
    name text not null,
    state text not null
);

create index copies_of_ticket on pages.copies (subject);
