-- The business hours in which a follow-up falls due.
set lock_timeout = '2s';
set statement_timeout = '30s';

alter table reviews.tickets add column calendar jsonb;
