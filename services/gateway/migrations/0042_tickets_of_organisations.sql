-- The open tickets of an organisation, the newest first.
set lock_timeout = '2s';
set statement_timeout = '60s';

-- Partial, and no ticket has an organisation yet: nothing is written, one scan is made.
-- squawk-ignore require-concurrent-index-creation
create index tickets_of_organisations
    on desk_view.tickets (organisation_id, opened_at desc, subject desc)
    where active and organisation_id <> '';
