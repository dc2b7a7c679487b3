-- Two events that come early and say they are the same version of a stream both wait: which of them
-- is the fork is known only when what comes before them is here.
set lock_timeout = '5s';
set statement_timeout = '60s';

-- Little waits, and not for long.
-- squawk-ignore ban-drop-constraint
alter table ledger.waiting drop constraint waiting_pkey;
-- squawk-ignore constraint-missing-not-valid, adding-serial-primary-key-field
alter table ledger.waiting add primary key (subject, author, version, id);
