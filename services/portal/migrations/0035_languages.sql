-- What happened is told in the language of whoever reads it, and when, in the requester's zone.
set lock_timeout = '2s';
set statement_timeout = '30s';

alter table pages.tickets add column timezone text not null default '';
alter table pages.timeline add column facts jsonb not null default '{}';
alter table pages.messages add column cause text not null default '';
