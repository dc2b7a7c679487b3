-- The time by the clock that all processes of a service share. A function of its own, so that
-- tests can move it together with a process's.
set lock_timeout = '5s';
set statement_timeout = '10s';

create function ledger.present() returns timestamptz
language sql stable parallel safe
as $$ select now() $$;
