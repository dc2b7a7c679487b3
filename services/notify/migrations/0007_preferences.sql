-- Who hears what and when: the desk's rules, people's preferences, addresses mailed again.
set lock_timeout = '2s';
set statement_timeout = '30s';

create table directory.rules (
    subject uuid primary key,
    defined jsonb not null
);

create table directory.preferences (
    subject uuid primary key,
    whom text not null,
    wanted jsonb not null
);

create index preferences_by_whom on directory.preferences (whom);

create table directory.lifted (
    subject uuid primary key,
    lifted_by text not null,
    lifted_at timestamptz not null
);

alter table deliveries.notifications
    add column not_before timestamptz;

-- squawk-ignore require-concurrent-index-creation
create index notifications_latest on deliveries.notifications (requested_at desc, id desc);

-- squawk-ignore require-concurrent-index-creation
create index notifications_by_stage
    on deliveries.notifications (stage, requested_at desc, id desc);
