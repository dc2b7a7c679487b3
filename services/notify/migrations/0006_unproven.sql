-- Whether a mail goes to an address that may be a stranger's.
set lock_timeout = '2s';
set statement_timeout = '30s';

alter table deliveries.notifications add column unproven boolean not null default false;
