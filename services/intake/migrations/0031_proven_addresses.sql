-- On which tickets people have shown that their address is theirs: part of the register.
set lock_timeout = '2s';
set statement_timeout = '30s';

create table register.proven (
    subject uuid primary key,
    person_id uuid not null
);

create index proven_people on register.proven (person_id);
