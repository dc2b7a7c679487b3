-- What is put on tickets beside the work, and agents' drafts.
set lock_timeout = '2s';
set statement_timeout = '30s';

alter table desk_view.tickets add column hand_tags text[] not null default '{}';
alter table desk_view.tickets add column off_tags text[] not null default '{}';
alter table desk_view.tickets add column followers text[] not null default '{}';
alter table desk_view.tickets add column mentioned text[] not null default '{}';
alter table desk_view.tickets add column minutes_spent double precision not null default 0;
alter table desk_view.tickets add column parent jsonb;
alter table desk_view.tickets add column children jsonb not null default '[]';
alter table desk_view.tickets add column closes_at timestamptz;

create schema drafts;

create table drafts.kept (
    agent_id text not null,
    ticket_id uuid not null,
    form text not null,
    requester_id uuid not null,
    typed jsonb not null,
    saved_at timestamptz not null,
    primary key (agent_id, ticket_id, form)
);

create index kept_by_requester on drafts.kept (requester_id);
create index kept_by_age on drafts.kept (saved_at);
