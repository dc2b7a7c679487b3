-- Reads of the agents' read model. A ticket is either in `tickets` or, once it is archived, in
-- `archive`; queues and counts are of `tickets` alone. Queue pages share their last parameters:
-- filters that may be null (status, priority, team, agent), then the cursor (due time as
-- text, `infinity` when nothing is due; opened at; ticket id), then the page's size.

-- name: ticket_by_id
-- A ticket as it stands, live or archived.
select * from desk_view.tickets where subject = $1
union all
select * from desk_view.archive where subject = $1;

-- name: ticket_by_number
-- A ticket by the number that people read out.
select * from desk_view.tickets where number = $1
union all
select * from desk_view.archive where number = $1;

-- name: ticket_id_of
-- A ticket's id by its number.
select subject from desk_view.tickets where number = $1
union all
select subject from desk_view.archive where number = $1;

-- name: conversation
-- The conversation of a ticket, oldest first, from a position on.
select * from desk_view.messages
where subject = $1 and position > $2
order by position
limit $3;

-- name: timeline
-- What happened on a ticket, oldest first, from a position on.
select * from desk_view.timeline
where subject = $1 and position > $2
order by position
limit $3;

-- name: timeline_end
-- What happened last on a ticket, newest first.
select * from desk_view.timeline
where subject = $1
order by position desc
limit $2;

-- name: clocks
-- The promises made on a ticket, and how they stand.
select * from desk_view.clocks where subject = $1 order by kind;

-- name: requester_tickets
-- The newest tickets of a requester, archived ones, too.
select * from (
    select subject, number, title, status, active, priority, opened_at from desk_view.tickets
    where requester_id = any ($1::uuid[]) and subject <> $2
    union all
    select subject, number, title, status, active, priority, opened_at from desk_view.archive
    where requester_id = any ($1::uuid[]) and subject <> $2
) as theirs
order by opened_at desc, subject desc
limit $3;

-- name: person
-- What is known of somebody beyond their tickets.
select * from desk_view.people where subject = $1;

-- name: organisation
-- An organisation by its id.
select * from desk_view.organisations where organisation_id = $1;

-- name: organisation_tickets
-- The newest open tickets of an organisation, but for those of one requester.
select subject, number, title, status, active, priority, opened_at from desk_view.tickets
where organisation_id = $1 and organisation_id <> '' and active and requester_id <> $2
order by opened_at desc, subject desc
limit $3;

-- part: chosen
($1::text is null or status = $1)
  and ($2::text is null or priority = $2)
  and ($3::text is null or team_id = $3)
  and ($4::text is null or agent_id = $4)

-- part: by_due_time
and :chosen:
  and (coalesce(due_at, timestamptz 'infinity'), opened_at, subject)
      > ($5::text::timestamptz, $6::text::timestamptz, $7::uuid)
order by coalesce(due_at, timestamptz 'infinity'), opened_at, subject
limit $8

-- part: newest_first
and :chosen:
  and (opened_at, subject) < ($5::text::timestamptz, $6::uuid)
order by opened_at desc, subject desc
limit $7

-- name: queue_all
-- Everything that waits for us, by due time.
select * from desk_view.tickets
where active
  :by_due_time:;

-- name: queue_unassigned
-- What nobody has yet, by due time.
select * from desk_view.tickets
where active and agent_id is null
  :by_due_time:;

-- name: queue_breached
-- What was promised and not kept, by due time.
select * from desk_view.tickets
where active and breached
  :by_due_time:;

-- name: queue_unproven
-- What nobody has confirmed in time, so that an agent decides, by due time.
select * from desk_view.tickets
where active and proof_lapsed
  :by_due_time:;

-- name: queue_agent
-- What one agent has to do, by due time.
select * from desk_view.tickets
where active and agent_id = $9
  :by_due_time:;

-- name: queue_participant
-- What one agent takes part in beside the one who has it, by due time.
select * from desk_view.tickets
where active and participants ? $9::text
  :by_due_time:;

-- name: queue_team
-- What some teams have to do, by due time: the first of each and of what is shared with it,
-- then the first of those.
select page.* from (
    select own.* from unnest($9::text[]) as team (id)
    cross join lateral (
        select * from desk_view.tickets
        where active and team_id = team.id
          :by_due_time:
    ) as own
    union all
    select also.* from (
        select distinct subject from desk_view.shared where team_id = any ($9::text[])
    ) as shared
    join desk_view.tickets as also on also.subject = shared.subject
    where also.active and (also.team_id is null or also.team_id <> all ($9::text[]))
      and ($1::text is null or also.status = $1)
      and ($2::text is null or also.priority = $2)
      and ($3::text is null or also.team_id = $3)
      and ($4::text is null or also.agent_id = $4)
      and (coalesce(also.due_at, timestamptz 'infinity'), also.opened_at, also.subject)
          > ($5::text::timestamptz, $6::text::timestamptz, $7::uuid)
) as page
order by coalesce(page.due_at, timestamptz 'infinity'), page.opened_at, page.subject
limit $8;

-- name: queue_status
-- Tickets that are not closed, of one status, by due time.
select * from desk_view.tickets
where closed_at is null and status = $9
  :by_due_time:;

-- name: queue_priority
-- What waits for us, of one priority, by due time.
select * from desk_view.tickets
where active and priority = $9
  :by_due_time:;

-- name: queue_closed
-- What is closed and not archived, the latest first.
select * from desk_view.tickets
where closed_at is not null
  and :chosen:
  and (closed_at, subject) < ($5::text::timestamptz, $6::uuid)
order by closed_at desc, subject desc
limit $7;

-- name: queue_archived
-- What is archived, the latest closed first.
select * from desk_view.archive
where :chosen:
  and (closed_at, subject) < ($5::text::timestamptz, $6::uuid)
order by closed_at desc, subject desc
limit $7;

-- name: queue_requester
-- All tickets of one requester, archived ones, too, the newest first.
select * from (
    (select * from desk_view.tickets where requester_id = $8 :newest_first:)
    union all
    (select * from desk_view.archive where requester_id = $8 :newest_first:)
) as page
order by opened_at desc, subject desc
limit $7;

-- name: queue_found
-- Tickets in which all the words occur, archived ones, too, the newest first.
select found.* from desk_view.words cross join lateral (
    select * from desk_view.tickets where tickets.subject = words.subject
    union all
    select * from desk_view.archive where archive.subject = words.subject
    limit 1
) as found
where to_tsvector('simple', words.body) @@ websearch_to_tsquery('simple', $8)
  and ($1::text is null or status = $1)
  and ($2::text is null or priority = $2)
  and ($3::text is null or team_id = $3)
  and ($4::text is null or agent_id = $4)
  and (found.opened_at, found.subject) < ($5::text::timestamptz, $6::uuid)
order by found.opened_at desc, found.subject desc
limit $7;

-- name: count_all
-- How much waits for us, counted up to a bound.
select count(*) from (select from desk_view.tickets where active limit $1) as bounded;

-- name: count_unassigned
-- How much nobody has yet, counted up to a bound.
select count(*) from (
    select from desk_view.tickets where active and agent_id is null limit $1
) as bounded;

-- name: count_breached
-- How many promises were not kept, counted up to a bound.
select count(*) from (
    select from desk_view.tickets where active and breached limit $1
) as bounded;

-- name: count_unproven
-- How much nobody has confirmed in time, counted up to a bound.
select count(*) from (
    select from desk_view.tickets where active and proof_lapsed limit $1
) as bounded;

-- name: count_agent
-- How much one agent has to do, counted up to a bound.
select count(*) from (
    select from desk_view.tickets where active and agent_id = $2 limit $1
) as bounded;

-- name: count_participant
-- How much one agent takes part in, counted up to a bound.
select count(*) from (
    select from desk_view.tickets where active and participants ? $2::text limit $1
) as bounded;

-- name: count_team
-- How much some teams have to do, counted up to a bound for each, with what is shared with them.
select (
    select coalesce(sum(counted.n), 0)::bigint from unnest($2::text[]) as team (id)
    cross join lateral (
        select count(*) as n from (
            select from desk_view.tickets where active and team_id = team.id limit $1
        ) as bounded
    ) as counted
) + (
    select count(distinct tickets.subject) from desk_view.shared
    join desk_view.tickets on tickets.subject = shared.subject
    where shared.team_id = any ($2::text[]) and tickets.active
      and (tickets.team_id is null or tickets.team_id <> all ($2::text[]))
);

-- name: count_status
-- How many tickets of one status are not closed, counted up to a bound.
select count(*) from (
    select from desk_view.tickets where closed_at is null and status = $2 limit $1
) as bounded;

-- name: agent_by_token
-- Who holds the token with this hash.
select * from desk_view.agents where token_hash = $1 and token_hash <> '';

-- name: api_key_by_hash
-- The API key with this hash.
select * from desk_view.api_keys where key_hash = $1;

-- name: api_keys
-- Every API key there was, the newest first.
select * from desk_view.api_keys order by created_at desc, subject;

-- name: agents_of_address
-- Whoever has, or had, a mail address as an agent.
select agent_id, active from desk_view.agents where lower(email) = $1;

-- name: agent_by_id
-- An agent by id.
select * from desk_view.agents where agent_id = $1;

-- name: agents
-- Who works here, with how much each has to do, counted up to a bound.
select agents.*, loads.load from desk_view.agents
cross join lateral (
    select count(*) as load from (
        select from desk_view.tickets
        where active and tickets.agent_id = agents.agent_id limit $1
    ) as bounded
) as loads
order by agents.name;

-- name: teams
-- The teams of the desk.
select * from desk_view.teams order by name;

-- name: plans
-- The SLA plans of the desk.
select * from desk_view.plans order by name;

-- name: agent_names
-- What the agents are called, those who have left, too.
select agent_id, name from desk_view.agents;

-- name: labels
-- What people read of the fields of every topic's form, this topic's last.
select labels from desk_view.topics order by topic_id = $1, topic_id;

-- name: topics
-- The topics under which tickets may be.
select * from desk_view.topics where active order by name;

-- name: session_ended
-- Whether somebody signed out of a session.
select exists (select from sessions.ended where id = $1);

-- name: end_session
-- Somebody signs out of a session, whose cookie is good until $2 at most.
insert into sessions.ended (id, forget_at) values ($1, $2) on conflict do nothing;

-- name: forget_sessions
-- Sessions whose cookies are good for nothing anyhow.
delete from sessions.ended where forget_at < now();

-- name: queue_following
-- What one agent follows, by due time.
select * from desk_view.tickets
where active and followers <> '{}' and followers @> array[$9::text]
  :by_due_time:;

-- name: queue_mentioned
-- Where a note is meant for one agent who has not answered, by due time.
select * from desk_view.tickets
where active and mentioned <> '{}' and mentioned @> array[$9::text]
  :by_due_time:;

-- name: queue_tagged
-- What has a tag, by due time.
select * from desk_view.tickets
where active and tags <> '{}' and tags @> array[$9::text]
  :by_due_time:;

-- name: count_following
-- How much one agent follows, counted up to a bound.
select count(*) from (
    select from desk_view.tickets
    where active and followers <> '{}' and followers @> array[$2::text] limit $1
) as bounded;

-- name: count_mentioned
-- How many tickets wait for an agent's word, counted up to a bound.
select count(*) from (
    select from desk_view.tickets
    where active and mentioned <> '{}' and mentioned @> array[$2::text] limit $1
) as bounded;

-- name: pins_of_requester
-- Notes pinned on the other tickets of a requester, the newest ticket's first.
select number, pinned from (
    select number, pinned, opened_at, subject from desk_view.tickets
    where requester_id = $1 and subject <> $2 and pinned <> '[]'
    union all
    select number, pinned, opened_at, subject from desk_view.archive
    where requester_id = $1 and subject <> $2 and pinned <> '[]'
) as noted
order by opened_at desc, subject
limit $3;

-- name: incident_numbers
-- Tickets by their ids, as they stand.
select subject, number, title, status, agent_name from (
    select subject, number, title, status, agent_name, opened_at from desk_view.tickets
    where subject = any ($1::uuid[])
    union all
    select subject, number, title, status, agent_name, opened_at from desk_view.archive
    where subject = any ($1::uuid[])
) as named
order by opened_at, subject;

-- name: keep_draft
-- What an agent has typed in a form of a ticket, and not sent yet.
insert into drafts.kept (agent_id, ticket_id, form, typed, saved_at) values ($1, $2, $3, $4, $5)
on conflict (agent_id, ticket_id, form) do update set typed = $4, saved_at = $5;

-- name: drafts_of
-- What an agent has typed on one ticket.
select form, typed, saved_at from drafts.kept where agent_id = $1 and ticket_id = $2;

-- name: draft_tickets
-- Tickets on which an agent has typed something, the latest first.
select kept.ticket_id, max(kept.saved_at) as saved_at from drafts.kept
where agent_id = $1
group by kept.ticket_id
order by 2 desc
limit $2;

-- name: drop_draft
-- It was sent, or thrown away.
delete from drafts.kept where agent_id = $1 and ticket_id = $2 and form = $3;

-- name: drop_old_drafts
-- Drafts that nobody came back to.
delete from drafts.kept where saved_at < $1;

-- name: forget_drafts
-- Drafts on the tickets of people who are being forgotten.
delete from drafts.kept where ticket_id = any ($1::uuid[]);

-- name: work_rules
-- What the desk has prepared for agents.
select * from desk_view.work_rules limit 1;
