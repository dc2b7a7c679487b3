-- Whether whoever opened a ticket has the requester's address.
set lock_timeout = '2s';
set statement_timeout = '30s';

alter table pages.tickets add column confirmed boolean not null default false;
