-- How long the oldest has waited is asked every few seconds, also when many wait.
set lock_timeout = '5s';
set statement_timeout = '60s';

-- Little waits, and not for long.
-- squawk-ignore require-concurrent-index-creation
create index waiting_since on ledger.waiting (waiting_since);
