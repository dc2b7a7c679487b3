-- How far each partition has been taken into this log, beside the log itself: a database
-- that is restored reads Kafka again from where its backup stood. `last_record` tells a
-- topic that was made anew from the one that was read.
set lock_timeout = '5s';
set statement_timeout = '60s';

alter table ledger.read_to
    add column next_offset bigint,
    add column last_record text;
