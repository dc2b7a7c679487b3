-- What operators have skipped is looked up whenever a follower begins to lead, and for every look
-- at a ticket as it stood: not by reading the log through.
set lock_timeout = '5s';
set statement_timeout = '10min';

-- Of nearly no rows; the log is read through once, and appended to again afterwards.
-- squawk-ignore require-concurrent-index-creation
create index log_skips on ledger.log (position) where type = 'ParkedSkipped' and said;
