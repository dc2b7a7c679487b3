-- When a key was dropped here, whenever its author did; and when it was last published.
set lock_timeout = '5s';
set statement_timeout = '60s';

alter table ledger.keys
    add column forgotten_at timestamptz,
    add column published_at timestamptz;

-- The table is new, and as small as the number of people.
-- squawk-ignore require-concurrent-index-deletion
drop index ledger.keys_erased;
-- squawk-ignore require-concurrent-index-creation
create index keys_forgotten on ledger.keys (forgotten_at) where forgotten_at is not null;
-- squawk-ignore require-concurrent-index-creation
create index keys_unpurged on ledger.keys (forgotten_at)
    where forgotten_at is not null and purged_at is null;
