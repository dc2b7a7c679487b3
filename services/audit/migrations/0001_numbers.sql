-- The read model of audit: which ticket has which number.
set lock_timeout = '2s';
set statement_timeout = '30s';

create schema numbers;

create table numbers.tickets (
    subject uuid primary key,
    number text not null,
    opened_at timestamptz not null
);
create index tickets_by_number on numbers.tickets (number);
