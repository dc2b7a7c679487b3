-- What people read of each field of a topic's form.
set lock_timeout = '2s';
set statement_timeout = '30s';

alter table desk_view.topics add column labels jsonb not null default '{}';
