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

create table desk_view.work_rules (
    subject uuid primary key,
    responses jsonb not null,
    macros jsonb not null
);

create schema drafts;

create table drafts.kept (
    agent_id text not null,
    ticket_id uuid not null,
    form text not null,
    typed jsonb not null,
    saved_at timestamptz not null,
    primary key (agent_id, ticket_id, form)
);

create index kept_of_ticket on drafts.kept (ticket_id);
create index kept_by_age on drafts.kept (saved_at);

-- Of columns that have just been made, so nearly empty: one look through the table each.
-- squawk-ignore require-concurrent-index-creation
create index tickets_followed on desk_view.tickets using gin (followers)
    where active and followers <> '{}';
-- squawk-ignore require-concurrent-index-creation
create index tickets_mentioning on desk_view.tickets using gin (mentioned)
    where active and mentioned <> '{}';
-- squawk-ignore require-concurrent-index-creation
create index tickets_tagged on desk_view.tickets using gin (tags)
    where active and tags <> '{}';
-- squawk-ignore require-concurrent-index-creation
create index tickets_with_pins on desk_view.tickets (requester_id) where pinned <> '[]';
