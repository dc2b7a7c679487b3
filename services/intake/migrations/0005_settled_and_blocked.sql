-- What became of the quarantined, and whose mail is not taken.
set lock_timeout = '5s';
set statement_timeout = '60s';

alter table submissions.quarantine
    add column settled text not null default '',
    add column settled_by text not null default '',
    add column settled_at timestamptz,
    add column number text not null default '',
    add column authenticity jsonb;

create table submissions.blocked (
    subject uuid primary key,
    address text not null,
    blocked_by text not null,
    blocked_at timestamptz not null
);
