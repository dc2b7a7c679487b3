-- When this database was restored from a backup. One that has not been confirmed yet says
-- nothing before it has heard again what it had said after the backup (shared/recovery.py).
set lock_timeout = '5s';
set statement_timeout = '60s';

create table ledger.restores (
    restored_at timestamptz not null default now(),
    backed_up_at timestamptz not null,
    confirmed_at timestamptz
);
