-- When silence closes a ticket, and when that is said before; its incident; the time spent.
set lock_timeout = '2s';
set statement_timeout = '30s';

alter table work.tickets add column closes_at timestamptz;
alter table work.tickets add column remind_at timestamptz;
alter table work.tickets add column parent_id uuid;
alter table work.tickets add column minutes_spent double precision not null default 0;
