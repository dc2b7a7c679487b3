-- Business hours in which it is counted how long a ticket rests.
set lock_timeout = '2s';
set statement_timeout = '30s';

alter table queues.tickets add column watch_calendar jsonb;
