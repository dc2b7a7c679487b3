-- People to whom the requester sent a mail, too: an agent may ask them into the ticket.
set lock_timeout = '2s';
set statement_timeout = '30s';

alter table desk_view.tickets add column suggested jsonb not null default '[]';
