-- Plans with steps, pauses and conditions of their own; clocks that are promised again.
set lock_timeout = '2s';
set statement_timeout = '30s';

alter table desk.plans
    add column escalation jsonb not null default '[]',
    add column stops jsonb not null default '[]',
    add column organisations text[] not null default '{}',
    add column topics text[] not null default '{}',
    add column types text[] not null default '{}';

alter table clocks.clocks
    add column previous_due_at timestamptz,
    add column cycle int not null default 1,
    add column breaches int not null default 0,
    add column steps jsonb not null default '[]';
