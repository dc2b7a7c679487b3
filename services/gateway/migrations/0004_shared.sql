-- Tickets that further teams see, as their mail came to the mailboxes of several.
set lock_timeout = '2s';
set statement_timeout = '30s';

create table desk_view.shared (
    id uuid primary key,
    subject uuid not null,
    team_id text not null
);

create index shared_with_team on desk_view.shared (team_id, subject);
create index shared_of_ticket on desk_view.shared (subject);
