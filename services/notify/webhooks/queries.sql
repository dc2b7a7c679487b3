-- name: endpoint_created
-- A webhook, as it was made.
insert into callouts.endpoints (webhook_id, url, types, description, active, created_by, created_at)
values ($1, $2, $3, $4, true, $5, $6)
on conflict (webhook_id) do nothing

-- name: endpoint_changed
-- What a webhook is from now on; a changed one is tried at once.
update callouts.endpoints
set url = $2, types = $3, description = $4, active = $5, failures = 0, open_until = null
where webhook_id = $1

-- name: endpoint_rotated
-- It has a new secret.
update callouts.endpoints set generation = $2, rotated_at = $3 where webhook_id = $1

-- name: endpoint_removed
-- Nothing is posted there any more.
with gone as (
    update callouts.endpoints set removed = true, active = false where webhook_id = $1
)
update callouts.deliveries set state = 'cancelled', settled_at = now()
where webhook_id = $1 and state in ('waiting', 'claimed')

-- name: endpoints
-- Every webhook there is, by its making, with how much waits for it and how much failed.
select e.*,
    (select count(*) from (
        select from callouts.deliveries as d
        where d.webhook_id = e.webhook_id and d.state in ('waiting', 'claimed') limit 1001
    ) as w) as waiting
from callouts.endpoints as e
where not e.removed and ($1::uuid is null or e.webhook_id = $1)
order by e.created_at, e.webhook_id

-- name: wanted
-- What each webhook wants posted; also one that rests, for which it waits.
select webhook_id, types from callouts.endpoints where not removed

-- name: add_deliveries
-- Events to be posted; those that are here already stay as they are.
insert into callouts.deliveries
    (id, webhook_id, event_id, ticket_id, type, position, occurred_at, state, next_at)
select *, 'waiting', now() from unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::timestamptz[]
)
on conflict (id) do nothing

-- name: claim
-- Take what is due: a few of each endpoint, one of an endpoint that is only tried, none while
-- its breaker is open; of one endpoint alone, or of all but some. What a sender had in hand when
-- it died is due when its lease ends.
with due as (
    select d.id, d.state from callouts.endpoints as e
    cross join lateral (
        select id, state from callouts.deliveries
        where webhook_id = e.webhook_id and state in ('waiting', 'claimed') and next_at <= now()
        order by next_at
        limit case when e.open_until is null then $3 else 1 end
    ) as d
    where e.active and (e.open_until is null or e.open_until <= now())
      and ($4::uuid is null or e.webhook_id = $4) and e.webhook_id <> all ($5::uuid[])
)
update callouts.deliveries as d
set state = 'claimed', holder = $1, lease_until = now() + make_interval(secs => $2),
    next_at = now() + make_interval(secs => $2)
from due, callouts.endpoints as e
where d.id = due.id and e.webhook_id = d.webhook_id
  and (d.state = 'waiting' or d.lease_until <= now())
returning d.id, d.webhook_id, d.event_id, d.ticket_id, d.type, d.tries,
    e.url, e.generation, e.rotated_at, e.open_until is not null as probe

-- name: note_try
-- What an endpoint said, for people to look up.
insert into callouts.tries (delivery_id, tried_at, status, trouble, duration_ms)
select id, $2, $3, $4, $5 from callouts.deliveries where id = $1

-- name: settle
-- It is delivered, or all its tries are used up.
update callouts.deliveries
set state = $3, tries = tries + 1, settled_at = $4, holder = null, lease_until = null
where id = $1 and holder = $2

-- name: put_off
-- To be posted again later.
update callouts.deliveries
set state = 'waiting', tries = tries + 1, next_at = $3, holder = null, lease_until = null
where id = $1 and holder = $2

-- name: release
-- Give back what was not tried.
update callouts.deliveries
set state = 'waiting', next_at = now(), holder = null, lease_until = null
where holder = $1 and state = 'claimed'

-- name: endpoint_well
-- It took something: its breaker is closed.
update callouts.endpoints set failures = 0, open_until = null
where webhook_id = $1 and (failures > 0 or open_until is not null)

-- name: endpoint_ill
-- It took nothing: after some failures in a row nothing is posted there for a while.
update callouts.endpoints
set failures = failures + 1,
    open_until = case when failures + 1 < $2 then open_until else
        now() + make_interval(secs => least($4, $3 * 2 ^ least(failures + 1 - $2, 20))) end
where webhook_id = $1

-- name: deliveries
-- Deliveries of a webhook, the newest event first, behind a place in that order.
select d.id, d.event_id, d.ticket_id, d.type, d.position, d.occurred_at, d.state, d.tries,
    case when d.state = 'waiting' then d.next_at end as next_at, d.settled_at
from callouts.deliveries as d
where d.webhook_id = $1 and ($2::text is null or d.state = $2)
  and (d.position, d.id) < ($3, $4)
order by d.position desc, d.id desc
limit $5

-- name: delivery
-- One delivery.
select d.id, d.event_id, d.ticket_id, d.type, d.position, d.occurred_at, d.state, d.tries,
    case when d.state = 'waiting' then d.next_at end as next_at, d.settled_at
from callouts.deliveries as d
where d.webhook_id = $1 and d.id = $2

-- name: tries
-- What came of each try, the first one first.
select tried_at, status, trouble, duration_ms from callouts.tries
where delivery_id = $1 order by id limit 200

-- name: again
-- Post one once more, whatever became of it.
update callouts.deliveries
set state = 'waiting', tries = 0, next_at = now(), settled_at = null, holder = null,
    lease_until = null
where webhook_id = $1 and id = $2 and state <> 'claimed'
returning id

-- name: failed_again
-- Post once more what failed since an instant.
update callouts.deliveries
set state = 'waiting', tries = 0, next_at = now(), settled_at = null
where webhook_id = $1 and state = 'failed' and occurred_at >= $2
returning id

-- name: forget
-- The log of deliveries that were settled before an instant.
delete from callouts.deliveries where settled_at < $1
