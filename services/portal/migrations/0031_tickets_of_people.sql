-- Whoever has proven their address sees all the tickets that they opened.
set lock_timeout = '2s';
set statement_timeout = '30s';

-- squawk-ignore require-concurrent-index-creation
create index tickets_of_requester on pages.tickets (requester_id, opened_at desc);
