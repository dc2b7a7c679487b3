-- Tickets that wait until their requester's address is known to be theirs, and such topics.
set lock_timeout = '2s';
set statement_timeout = '30s';

alter table pages.tickets add column held boolean not null default false;
alter table pages.topics add column prove_address boolean not null default false;
