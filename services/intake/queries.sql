-- name: topics
-- Every topic of the desk, as last defined.
select definition from triage.topics order by topic_id

-- name: rules
-- The rules of the desk.
select revision, definition from triage.rules

-- name: entitlements
-- Whom each plan is for that is not open to everybody.
select definition from triage.entitlements where active order by plan_id

-- name: organisations
-- The organisations that customers belong to.
select definition from triage.organisations where active order by organisation_id

-- name: people
-- What is known of people beyond their tickets.
select subject, linked, language, timezone from triage.people where subject = any ($1::uuid[])

-- name: open_by_topic
-- How many tickets are open under each topic.
select topic_id, count(*) as tickets from triage.tickets where open group by topic_id

-- name: open_of_requesters
-- Tickets with their words, each beside the newest other open ones of its requester.
select
    own.subject as asked, own.number as asked_number, own.words as asked_words,
    other.subject, other.number, other.words
from triage.tickets as own
left join lateral (
    select t.subject, t.number, t.words from triage.tickets as t
    where t.requester_id = own.requester_id and t.open and t.subject <> own.subject
    order by t.opened_at desc
    limit $2
) as other on true
where own.subject = any ($1::uuid[])

-- name: open_with_words
-- Tickets, each beside the open ones of other people that share most of the words asked for.
select asked.subject as asked, other.subject, other.number, other.words
from unnest($1::uuid[], $2::text[]) as asked (subject, wanted)
join triage.tickets as own on own.subject = asked.subject
cross join lateral (
    select matching.subject, matching.number, matching.words
    from (
        select t.subject, t.number, t.words from triage.tickets as t
        where t.open and array_to_tsvector(t.words) @@ asked.wanted::tsquery
          and t.requester_id <> own.requester_id
        limit $3
    ) as matching
    order by ts_rank(array_to_tsvector(matching.words), asked.wanted::tsquery) desc, matching.subject
    limit $4
) as other

-- name: word_shares
-- The commonest words of tickets, with the share of tickets that each is in.
select most_common_elems::text::text[] as words, most_common_elem_freqs as shares
from pg_stats
where schemaname = 'triage' and tablename = 'tickets' and attname = 'words'

-- name: tickets_of_numbers
-- The tickets with these numbers; of two, the older one.
select distinct on (number) number, subject from register.tickets
where number = any ($1::text[])
order by number, opened_at

-- name: tickets_of_message_ids
-- The tickets that mails with these Message-IDs opened or joined, the newest mail first.
select subject from submissions.received
where message_id = any ($1::text[])
order by received_at desc
limit 20

-- name: files_of_nobody
-- Files that only events name whose people are forgotten; their names read like this.
select file_id
from (
    select file_id, name from submissions.files
    union all
    select raw_file_id, envelope_from from submissions.quarantine
) as named
group by file_id
having bool_and(name = $1)

-- name: quarantine
-- What is quarantined and not settled yet, the newest first, behind a place in that order.
select * from submissions.quarantine
where settled = '' and (received_at, subject) < (
    coalesce($1::timestamptz, 'infinity'),
    coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
)
order by received_at desc, subject desc
limit $3

-- name: quarantined
-- One quarantined submission.
select * from submissions.quarantine
where subject = $1

-- name: file_named
-- A name and type that the file came with.
select name, content_type from submissions.files where file_id = $1 order by id limit 1

-- name: is_quarantined_file
-- Whether these are the raw bytes of something quarantined.
select exists (select from submissions.quarantine where raw_file_id = $1)

-- name: is_blocked
-- Whether no mail is taken from this person.
select exists (select from submissions.blocked where subject = $1)

-- name: is_customer
-- Whether this person has ever opened a ticket.
select exists (select from register.tickets where requester_id = $1)

-- name: is_proven
-- Whether a person has ever shown that their address is theirs.
select exists (select from register.proven where person_id = $1);

-- name: opened_lately
-- How many tickets this person opened by mail in the last hour.
select count(*) from register.tickets
where requester_id = $1 and channel = 'email' and opened_at > now() - interval '1 hour'

-- name: blocked
-- From whom no mail is taken, the last one first, and how many mails were refused since.
select blocked.subject as person_id, blocked.address, blocked.blocked_by, blocked.blocked_at,
    coalesce(counted.mails, 0) as refused, counted.last_at as last_refused_at
from submissions.blocked
left join refusals.counted
    on counted.person_id = blocked.subject and counted.since = blocked.blocked_at
order by blocked.blocked_at desc
limit 1000

-- name: count_refusal
-- One more mail of a blocked sender was refused: the first one since another blocking begins anew.
insert into refusals.counted (person_id, since, mails, last_at)
select subject, blocked_at, 1, $2 from submissions.blocked where subject = $1
on conflict (person_id) do update set
    since = excluded.since,
    mails = case when counted.since = excluded.since then counted.mails else 0 end + 1,
    last_at = excluded.last_at

-- name: forget_refusals
-- Nothing is counted of people who are forgotten.
delete from refusals.counted where person_id = any ($1::uuid[])
