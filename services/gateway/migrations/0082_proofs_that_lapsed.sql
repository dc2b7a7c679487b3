-- Held tickets whose requester has not shown in time that the address is theirs.
set lock_timeout = '2s';
set statement_timeout = '30s';

alter table desk_view.tickets add column proof_lapsed boolean not null default false;
alter table desk_view.archive add column proof_lapsed boolean not null default false;

-- Of a column that has just been made, so empty: one look through the table.
-- squawk-ignore require-concurrent-index-creation
create index tickets_unproven on desk_view.tickets
    ((coalesce(due_at, timestamptz 'infinity')), opened_at, subject)
    where active and proof_lapsed;
