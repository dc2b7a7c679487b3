-- Reads of notify's projections `deliveries` and `directory`, and the sender's outbox.

-- name: desk
-- All of the desk, in one row.
select
    (select json_agg(a) from directory.agents a) as agents,
    (select json_agg(t) from directory.teams t where t.email <> '') as teams,
    (select json_agg(p) from directory.plans p) as plans,
    (select array_agg(m.mailbox) from directory.mailboxes m) as mailboxes,
    (select d.name from directory.desk d) as name,
    (select r.defined from directory.rules r limit 1) as rules,
    (select json_agg(p) from directory.preferences p where p.whom like 'agent:%') as preferences,
    (select json_agg(l) from directory.lifted l) as lifted;

-- name: preferences_of
-- What somebody wants to hear.
select wanted from directory.preferences where whom = $1;

-- name: bounced
-- Customers' addresses that took no mail, and when that was last.
select recipient, max(settled_at) as settled_at from deliveries.notifications
where hard and to_customer and settled_at > now() - interval '90 days'
group by recipient;

-- name: of_ticket
-- The notifications on a ticket, oldest first.
select id, kind, recipient, to_customer, title, stage, attempts, reason, requested_at, settled_at
from deliveries.notifications
where subject = $1
order by requested_at, id;

-- name: stats
-- How many notifications of each kind are at each stage, and since when the oldest waits.
select kind, stage, count(*) as notifications, min(requested_at) as oldest_at
from deliveries.notifications
group by kind, stage
order by kind, stage;

-- name: unsent
-- How many notifications are to be sent, at most 10,000, and for how many seconds the first has been.
with open as (
    select d.requested_at
    from deliveries.notifications d
    left join outbox.attempts b on b.id = d.id
    where d.stage in ('requested', 'unknown') and (b.id is null or b.state <> 'done')
        and (d.not_before is null or d.not_before <= now())
    order by d.requested_at
    limit 10000
)
select
    count(*) as mails,
    coalesce(extract(epoch from now() - min(requested_at)), 0)::float8 as oldest_seconds
from open;

-- name: sent_lately
-- How many mails each of these addresses was sent since an instant: in all, as new links, and
-- on tickets that a stranger may have opened.
select recipient, count(*) as mails, count(*) filter (where kind = 'link') as links,
    count(*) filter (where unproven and kind <> 'link') as unproven
from deliveries.notifications
where recipient = any ($1::text[]) and stage = 'sent' and settled_at > $2
group by recipient;

-- name: claim
-- Take up to $3 notifications that are due, for $4 seconds: whoever claims a row has it alone.
-- Those of the kinds $5 come as if they had been requested $6 earlier; with $7, only they do.
insert into outbox.attempts as a
    (id, subject, state, holder, instance, lease_until, attempts, unknowns, next_at)
select d.id, d.subject, 'claimed', $1, $2, now() + make_interval(secs => $4), 0, 0, now()
from deliveries.notifications d
left join outbox.attempts b on b.id = d.id
where d.stage in ('requested', 'unknown')
  and (d.not_before is null or d.not_before <= now())
  and (b.id is null or (b.state <> 'done' and b.lease_until < now() and b.next_at <= now()))
  and (not $7::boolean or d.kind = any ($5::text[]))
order by d.requested_at - case when d.kind = any ($5::text[]) then $6 else interval '0' end
limit $3
on conflict (id) do update set
    was_sending = a.state = 'sending',
    state = 'claimed', holder = excluded.holder, instance = excluded.instance,
    lease_until = excluded.lease_until
where a.state <> 'done' and a.lease_until < now() and a.next_at <= now()
returning a.id, a.subject, a.attempts, a.unknowns, a.was_sending, a.lease_until;

-- name: sending
-- Say, durably, that mails are about to be handed over; of those that nobody else has taken.
update outbox.attempts
set state = 'sending', attempts = attempts + 1
where id = any ($1::uuid[]) and holder = $2 and state = 'claimed' and lease_until > now()
returning id;

-- name: put_off
-- Not now: try again in $3 seconds.
update outbox.attempts
set state = 'waiting', next_at = now() + make_interval(secs => $3), lease_until = now(),
    attempts = $4, unknowns = $5, last_error = $6
where id = $1 and holder = $2;

-- name: release
-- Give back what was claimed until $3 and not tried.
update outbox.attempts a set state = 'waiting', lease_until = now()
from unnest($1::uuid[], $3::timestamptz[]) as given (id, lease_until)
where a.id = given.id and a.lease_until = given.lease_until
  and a.holder = $2 and a.state = 'claimed';

-- name: done
-- Nothing is left to do about it.
update outbox.attempts set state = 'done', lease_until = now()
where id = any ($1::uuid[]) and holder = $2;

-- name: lapse
-- What an earlier process of this instance had claimed is free again.
update outbox.attempts set lease_until = now() - interval '1 second'
where instance = $1 and holder <> $2 and state in ('claimed', 'sending');

-- name: tidy
-- What was said to be sent or failed before a crash, and not written down here.
update outbox.attempts a set state = 'done'
from deliveries.notifications d
where a.state <> 'done' and a.lease_until < now() and d.id = a.id
  and d.stage not in ('requested', 'unknown');

-- name: outbox
-- What the sender has in hand, by state.
select state, count(*) as notifications, min(next_at) as next_at
from outbox.attempts where state <> 'done' group by state;

-- name: forget
-- Forget up to $2 notifications that were settled before an instant.
delete from outbox.attempts
where id in (
    select a.id from outbox.attempts a join deliveries.notifications d on d.id = a.id
    where a.state = 'done' and d.stage not in ('requested', 'unknown') and d.settled_at < $1
    limit $2
)
returning id;

-- name: forget_answers
-- What mail servers said of mails on these tickets.
update outbox.attempts set last_error = '' where subject = any ($1::uuid[]);

-- name: ledger
-- The latest notifications, of one stage if it is given, before a place; and what the sender
-- has in hand of them.
select
    d.id, d.subject, d.kind, d.recipient, d.to_customer, d.title, d.stage,
    greatest(d.attempts, coalesce(a.attempts, 0)) as attempts,
    coalesce(nullif(a.last_error, ''), d.reason) as reason,
    d.requested_at, d.settled_at, d.not_before,
    case when d.stage in ('requested', 'unknown') and a.state = 'waiting' then a.next_at end
        as next_at
from deliveries.notifications d
left join outbox.attempts a on a.id = d.id
where ($1::text is null or d.stage = $1) and (d.requested_at, d.id) < ($2, $3)
order by d.requested_at desc, d.id desc
limit $4;

-- name: suppressed
-- Addresses of customers that took no mail since an instant, and why.
select recipient, max(settled_at) as settled_at,
    (array_agg(reason order by settled_at desc))[1] as reason,
    (array_agg(subject order by settled_at desc))[1] as ticket_id
from deliveries.notifications
where hard and to_customer and settled_at > $1
group by recipient
order by max(settled_at) desc
limit 500;

-- name: lifted
-- Since when mail is sent again to whom.
select subject, lifted_by, lifted_at from directory.lifted;

-- name: rules_defined
-- Who hears what, as the desk's file defined it.
select defined from directory.rules limit 1;
