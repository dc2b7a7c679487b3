-- What rules and people say of tickets: tags, links, and which rule decided what.
set lock_timeout = '2s';
set statement_timeout = '30s';

alter table desk_view.tickets add column tags text[] not null default '{}';
alter table desk_view.tickets add column linked jsonb not null default '[]';
alter table desk_view.tickets add column decided jsonb not null default '{}';
