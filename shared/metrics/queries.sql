-- Where a service stands, cheaply: asked every few seconds, of a log of any length.

-- name: standings
-- Every follower's cursor, and the age of the first event behind it; $1 to $3 are cursors
-- that this process has moved further than it has written down.
select
    c.name,
    c.generation,
    greatest(c.position, o.position) as position,
    coalesce(c.lease_until > now(), false) as led,
    c.stopped,
    coalesce(extract(epoch from now() - n.recorded_at), 0)::float8 as lag_seconds
from ledger.cursors as c
left join unnest($1::text[], $2::int[], $3::bigint[]) as o (name, generation, position)
    on o.name = c.name and o.generation = c.generation
left join lateral (
    select l.recorded_at
    from ledger.log as l
    where l.position > greatest(c.position, o.position)
    order by l.position
    limit 1
) as n on true
order by c.name, c.generation

-- name: parked_summary
-- How many subjects each follower has parked, why, and since when.
select
    follower, reason, count(*) as subjects,
    extract(epoch from now() - min(parked_at))::float8 as oldest_seconds
from ledger.parked
group by follower, reason
order by follower, reason

-- name: waiting_at_most
-- How many events wait for what comes before them, counted up to $1, and for how long.
select
    (select count(*) from (select from ledger.waiting limit $1) as w) as events,
    coalesce(
        (
            select extract(epoch from now() - waiting_since)
            from ledger.waiting order by waiting_since limit 1
        ),
        0
    )::float8 as oldest_seconds

-- name: heard_to
-- The instant up to which all that was said has been heard; null before the first look.
select min(case when as_of <= ledger.present() then as_of else to_timestamp(0) end) from ledger.read_to

-- name: oldest_due
-- When the first timer was due that should have fired by $1; of none that is held up on purpose.
select t.due_at
from {schema}.timers as t
where t.due_at <= $1
  and not exists (
      select from ledger.fired as f where f.id = t.id and f.due_at = t.due_at
  )
  and not exists (select from ledger.parked as p where p.subject = t.subject)
  and not exists (select from ledger.waiting as w where w.subject = t.subject)
order by t.due_at
limit 1
