-- Where the log stood at an instant is looked up by when its events were recorded: not by reading
-- the log through.
set lock_timeout = '5s';
set statement_timeout = '10min';

-- The log is read through once, and appended to again afterwards.
-- squawk-ignore require-concurrent-index-creation
create index log_recorded on ledger.log (recorded_at, position);
