-- Archived tickets stand in a table of their own, so that what is live stays small.
set lock_timeout = '2s';
set statement_timeout = '10min';

create table desk_view.archive (like desk_view.tickets including defaults)
with (fillfactor = 90);

alter table desk_view.archive add primary key (subject);

with archived as (
    delete from desk_view.tickets where status = 'Archived' returning *
)
insert into desk_view.archive select * from archived;

-- Nobody reads the table before this transaction has ended.
-- squawk-ignore require-concurrent-index-creation
create unique index archive_by_number on desk_view.archive (number);
-- squawk-ignore require-concurrent-index-creation
create index archive_by_requester on desk_view.archive (requester_id, opened_at, subject);
-- squawk-ignore require-concurrent-index-creation
create index archive_by_closing on desk_view.archive (closed_at, subject);
-- squawk-ignore require-concurrent-index-creation
create index archive_with_pins on desk_view.archive (requester_id) where pinned <> '[]';
