-- The read model `pages`: what customers see.
set lock_timeout = '2s';
set statement_timeout = '30s';

create schema pages;

create table pages.tickets (
    subject uuid primary key,
    number text not null,
    title text not null,
    topic_name text not null,
    requester_id uuid not null,
    requester_name text not null,
    opened_at timestamptz not null,
    updated_at timestamptz not null,
    status text not null,
    priority text not null,
    plan_name text not null,
    agent_name text not null,
    team_name text not null,
    first_due_at timestamptz,
    first_state text not null,
    solution_due_at timestamptz,
    solution_state text not null,
    questions jsonb not null,
    solution jsonb not null,
    closed_how text not null,
    rating integer,
    merged_into uuid,
    merged_number text not null,
    topic_id text not null,
    details jsonb not null
) with (fillfactor = 80);

create index tickets_by_number on pages.tickets (number);

create table pages.messages (
    id uuid primary key,
    subject uuid not null,
    position bigint not null,
    at timestamptz not null,
    side text not null,
    person_id uuid,
    name text not null,
    label text not null,
    text text not null,
    attachments jsonb not null
);

create index messages_of_ticket on pages.messages (subject, position);

create table pages.timeline (
    id uuid primary key,
    subject uuid not null,
    position bigint not null,
    at timestamptz not null,
    words text not null
);

create index timeline_of_ticket on pages.timeline (subject, position);

create table pages.topics (
    subject uuid primary key,
    topic_id text not null,
    name text not null,
    description text not null,
    fields jsonb not null,
    plans text[] not null,
    active boolean not null
);

create table pages.plans (
    subject uuid primary key,
    plan_id text not null,
    name text not null,
    description text not null
);
