-- To which organisation a requester belongs, what they speak, and where they are.
set lock_timeout = '2s';
set statement_timeout = '30s';

create table desk_view.organisations (
    subject uuid primary key,
    organisation_id text not null,
    name text not null,
    active boolean not null
);

alter table desk_view.tickets add column organisation_id text not null default '';
alter table desk_view.tickets add column language text not null default '';
alter table desk_view.tickets add column timezone text not null default '';
