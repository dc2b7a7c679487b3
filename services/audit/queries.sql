-- name: ticket_by_number
-- The ticket with a number.
select subject from numbers.tickets where number = $1

-- name: numbers
-- The numbers of some subjects, of those that are tickets.
select subject, number from numbers.tickets where subject = any ($1::uuid[])

-- name: counts
-- How many events of each author there are, of all subjects or of one; between which positions.
select
    author, count(*) as events, count(distinct subject) as subjects,
    min(position) as first_position, max(position) as last_position,
    max(recorded_at) as last_recorded_at
from ledger.log
where ($1::uuid is null or subject = $1) and position <= $2
group by author
order by author

-- name: broken_chains
-- Events that do not follow the one before them in their stream: a version is left out, or
-- the predecessor they name is another event than the one that stands there.
select position, subject, author, version, id, previous, before_version, before_id
from (
    select
        position, subject, author, version, id, previous,
        lag(version) over stream as before_version, lag(id) over stream as before_id
    from ledger.log
    where ($1::uuid is null or subject = $1) and position <= $2
    window stream as (partition by subject, author order by version)
) as l
where version <> coalesce(before_version, 0) + 1 or previous is distinct from before_id
order by position
limit $3

-- name: lost_ends
-- Streams whose newest known version is not the number of their events that are here.
select h.subject, h.author, h.version, coalesce(c.events, 0) as events
from ledger.heads as h
left join (
    select subject, author, count(*) as events
    from ledger.log
    where $1::uuid is null or subject = $1
    group by subject, author
) as c on c.subject = h.subject and c.author = h.author
where ($1::uuid is null or h.subject = $1) and h.version <> coalesce(c.events, 0)
order by h.subject, h.author
limit $2

-- name: early_events
-- Events that stand before something that their author had seen when deciding.
select l.position, l.subject, l.author, l.version, a.author as cause_author, a.version as cause_version
from ledger.log as l
cross join lateral (
    select split_part(part, '=', 1) as author, split_part(part, '=', 2)::int as version
    from unnest(string_to_array(nullif(l.after, ''), ',')) as part
) as a
left join ledger.log as cause
    on cause.subject = l.subject and cause.author = a.author and cause.version = a.version
where ($1::uuid is null or l.subject = $1) and l.position <= $2
  and (cause.position is null or cause.position > l.position)
order by l.position
limit $3

-- name: inbox
-- What was heard and is not in the sequence yet, and what can't be.
select
    (select count(*) from ledger.waiting) as waiting,
    (select min(waiting_since) from ledger.waiting) as waiting_since,
    (select count(*) from ledger.parked where follower = 'inbox') as parked

-- name: agents
-- Every definition of an agent, in order.
select
    position, subject, author, version, id, previous, said, topic, type, after, revision,
    correlation, causation, actor, occurred_at, recorded_at, traceparent, data::text as data,
    keys
from ledger.log
where type = 'AgentDefined'
order by position

-- name: keys_of
-- Every key of some people, erased ones, too.
select key_id from ledger.keys where person = any ($1::uuid[])

-- name: events_of
-- The next events sealed with some keys, by some actors, about some people, or on a ticket that
-- these people opened.
select
    position, subject, author, version, id, previous, said, topic, type, after, revision,
    correlation, causation, actor, occurred_at, recorded_at, traceparent, data::text as data,
    keys
from ledger.log
where position > $4 and (
    (keys <> '' and string_to_array(keys, ',') && $1::text[])
    or actor = any ($2::text[]) or subject = any ($3::uuid[])
    or subject in (
        select o.subject from ledger.log as o
        where o.type = 'TicketOpened' and (o.data->'requester'->>'person_id')::uuid = any ($3)
    )
)
order by position
limit $5
