-- What came in (stage 1): every submission, the files with it, and the quarantine.
set lock_timeout = '5s';
set statement_timeout = '60s';

create schema submissions;

-- One row for each event that something coming in led to.
create table submissions.received (
    id uuid primary key,
    subject uuid not null,
    kind text not null,
    channel text not null,
    sender text not null,
    message_id text,
    received_at timestamptz not null
);
create index received_subject on submissions.received (subject);
create index received_message_id on submissions.received (message_id)
    where message_id is not null;
create index received_at on submissions.received (received_at desc);

-- What can't be understood; its subject is an id of its own.
create table submissions.quarantine (
    subject uuid primary key,
    reason text not null,
    raw_file_id text not null,
    size_bytes int not null,
    envelope_from text not null,
    envelope_to text[] not null,
    received_at timestamptz not null
);
create index quarantine_received_at on submissions.quarantine (received_at desc, subject desc);

-- Files by the ticket they came with.
create table submissions.files (
    id uuid primary key,
    subject uuid not null,
    file_id text not null,
    name text not null,
    content_type text not null,
    size_bytes int not null
);
create index files_subject on submissions.files (subject);
create index files_file_id on submissions.files (file_id);
