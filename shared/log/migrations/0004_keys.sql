-- Keys of people, and what in the log is sealed with them (shared/privacy). A text in the log
-- is unreadable without its key; a person is forgotten by dropping the keys.
set lock_timeout = '5s';
set statement_timeout = '60s';

-- A key is one person's and one author's: whoever says a thing makes the key it is sealed
-- with, and nobody else decides what becomes of it. Heard keys stand here, too.
create table ledger.keys (
    key_id uuid primary key,
    person uuid not null,
    author text not null,
    -- Encrypted under the master key named by `master`; null once the key is erased.
    wrapped bytea,
    master text not null,
    -- Counted by the author: made, rewrapped, erased. The newest is believed.
    change int not null default 1,
    -- The newest change that is on Kafka.
    published int not null default 0,
    created_at timestamptz not null default now(),
    erased_at timestamptz,
    -- When the read models were folded anew without it, and when the last trace was gone.
    refolded_at timestamptz,
    purged_at timestamptz,
    check ((wrapped is null) = (erased_at is not null))
);
create index keys_of_person on ledger.keys (person, author);
create index keys_unpublished on ledger.keys (author) where published < change;
create index keys_erased on ledger.keys (erased_at) where erased_at is not null;

-- Ids of the keys that an event's texts are sealed with, comma-separated.
alter table ledger.log add column keys text not null default '';
