-- Where a due time was moved from, and what is promised again and again.
set lock_timeout = '2s';
set statement_timeout = '30s';

alter table desk_view.clocks
    add column previous_due_at timestamptz,
    add column cycle int not null default 1;
