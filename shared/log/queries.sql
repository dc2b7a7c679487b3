-- name: append
-- Append what several callers want, each whole or not at all (0014_append_locks_cursors.sql).
select caller, reason, about from ledger.append(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
    $20, $21, $22, $23, $24, $25, $26, $27, $28,
    $29, $30, $31, $32, $33, $34
)

-- name: read_newer
-- What is known of each subject behind a position, and their heads, in one snapshot.
select
    s.subject as asked,
    (
        select json_object_agg(h.author, h.version)
        from ledger.heads as h where h.subject = s.subject
    )::text as heads,
    l.position, l.subject, l.author, l.version, l.id, l.previous, l.said, l.topic, l.type,
    l.after, l.revision, l.correlation, l.causation, l.actor, l.occurred_at, l.recorded_at,
    l.traceparent, l.data::text as data, l.keys
from unnest($1::uuid[], $2::bigint[]) as s (subject, known)
left join ledger.log as l on l.subject = s.subject and l.position > s.known
order by l.position

-- name: page
-- The next events after a position, in order.
select
    position, subject, author, version, id, previous, said, topic, type, after, revision,
    correlation, causation, actor, occurred_at, recorded_at, traceparent, data::text as data,
    keys
from ledger.log
where position > $1
order by position
limit $2

-- name: page_by_subject
-- The next events of some types, one subject after the other: within a subject in order,
-- and none behind a position.
select
    position, subject, author, version, id, previous, said, topic, type, after, revision,
    correlation, causation, actor, occurred_at, recorded_at, traceparent, data::text as data,
    keys
from ledger.log
where subject >= $1 and (subject > $1 or position > $2)
  and position <= $3 and type = any ($4::text[])
order by subject, position
limit $5

-- name: subject_page
-- A subject's events between two positions, in order.
select
    position, subject, author, version, id, previous, said, topic, type, after, revision,
    correlation, causation, actor, occurred_at, recorded_at, traceparent, data::text as data,
    keys
from ledger.log
where subject = $1 and position > $2 and position <= $3
order by position

-- name: find
-- One event by its id.
select
    position, subject, author, version, id, previous, said, topic, type, after, revision,
    correlation, causation, actor, occurred_at, recorded_at, traceparent, data::text as data,
    keys
from ledger.log
where id = $1

-- name: heads
-- How far each author's stream has come, for some subjects.
select subject, author, version, id from ledger.heads where subject = any ($1::uuid[])

-- name: ids_at
-- The ids of some past versions, to tell a repetition from a fork.
select l.subject, l.author, l.version, l.id
from unnest($1::uuid[], $2::text[], $3::int[]) as w (subject, author, version)
join ledger.log as l
    on l.subject = w.subject and l.author = w.author and l.version = w.version

-- name: end_position
-- The position of the newest event.
select coalesce(max(position), 0) from ledger.log

-- name: cursor
-- Where a follower stands, and which generation of it is live.
select position, born_position, generation from ledger.cursors where name = $1

-- name: create_cursor
-- A new follower's cursor, where it is born; a rebuild may have left another generation.
insert into ledger.cursors (name, generation, position, born_position)
select $1::text, $2::int, $3::bigint, $3::bigint
where not exists (select from ledger.cursors where name = $1)
on conflict (name, generation) do nothing

-- name: move_cursor
-- Move a cursor, if it still stands where it was seen.
update ledger.cursors set position = $4
where name = $1 and generation = $2 and position = $3
returning 1

-- name: store_cursor
-- The same, of a cursor that had no effect: if a crash takes it back, nothing is done twice.
with hurry as materialized (select set_config('synchronous_commit', 'off', true) as is_off)
update ledger.cursors set position = $4
from hurry
where name = $1 and generation = $2 and position = $3 and hurry.is_off = 'off'
returning 1

-- name: take_lease
-- Lead a follower, unless it was stopped: if nobody does, if the lease ran out, or if it is
-- ours already.
update ledger.cursors
set leader = $2, lease_until = now() + make_interval(secs => $3)
where name = $1 and stopped is null
  and (leader is null or leader = $2 or lease_until < now())
returning position, born_position, born_at, generation

-- name: stop_follower
-- Nobody leads this follower until an operator says so.
update ledger.cursors set stopped = $2, leader = null, lease_until = null
where name = $1 and stopped is null

-- name: is_stopped
-- Whether a follower was stopped.
select stopped is not null from ledger.cursors where name = $1

-- name: resume_follower
-- An operator says so.
update ledger.cursors set stopped = null where name = $1 returning 1

-- name: drop_lease
-- Let others lead.
update ledger.cursors set leader = null, lease_until = null
where name = $1 and generation = $2 and leader = $3

-- name: cursors
-- Where every follower stands.
select name, generation, position, born_position, leader, lease_until, stopped
from ledger.cursors
order by name, generation

-- name: park
-- Keep aside what could not be handled; a fork is worse than the gap that was told of before.
insert into ledger.parked (
    id, follower, subject, position, event_id, reason, detail, headers, body
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (follower, subject) do update
    set id = excluded.id, event_id = excluded.event_id, reason = excluded.reason,
        detail = excluded.detail, headers = excluded.headers, body = excluded.body,
        parked_at = excluded.parked_at
    where parked.reason = 'gap' and excluded.reason <> 'gap'

-- name: parked_subjects
-- Which subjects are parked for a follower.
select subject from ledger.parked where follower = $1

-- name: parked_recently
-- How many subjects a follower parked within some seconds, but for one reason.
select count(*) from ledger.parked
where follower = $1 and parked_at > now() - make_interval(secs => $2) and reason <> $3

-- name: put_off
-- What a follower has parked for a reason, the oldest first.
select id, subject from ledger.parked
where follower = $1 and reason = $2
order by parked_at

-- name: park_anew
-- It was tried again, and came as far as this.
update ledger.parked set position = $2, event_id = $3, reason = $4, detail = $5 where id = $1

-- name: parked
-- Everything that is parked.
select id, follower, subject, position, event_id, reason, detail, parked_at
from ledger.parked
order by parked_at

-- name: parked_one
-- One parked subject.
select id, follower, subject, position, event_id, reason, detail, headers, body, parked_at
from ledger.parked
where id = $1

-- name: unpark
-- Forget that a subject was parked.
delete from ledger.parked where id = $1

-- name: wait
-- Keep what was heard too early.
insert into ledger.waiting (subject, author, version, id, key, headers, body, topic)
select * from unnest(
    $1::uuid[], $2::text[], $3::int[], $4::uuid[], $5::bytea[], $6::json[], $7::bytea[],
    $8::text[]
)
on conflict (subject, author, version, id) do nothing

-- name: waiting_of
-- What waits for some subjects.
select subject, author, version, id, key, headers, body, topic, waiting_since
from ledger.waiting
where subject = any ($1::uuid[])
order by subject, author, version, id

-- name: waiting_subjects
-- Subjects for which something waits, the oldest first; but for those that are parked.
select w.subject, min(w.waiting_since) as since
from ledger.waiting as w
where not exists (
    select from ledger.parked as p where p.follower = 'inbox' and p.subject = w.subject
)
group by w.subject
order by since
limit $1

-- name: something_waits
-- Whether anything does, of whatever subject.
select exists (select from ledger.waiting)

-- name: waiting_for_keys
-- Subjects for which something waits that is sealed with one of these keys.
select distinct w.subject
from ledger.waiting as w
join unnest($1::text[]) as k (name) on position(k.name in w.headers::text) > 0

-- name: waiting_forks
-- What waits in a place where another event stands, of subjects that are not parked for worse.
select w.subject, w.author, w.version, w.id, w.headers, w.body, w.topic
from ledger.waiting as w
join ledger.log as l
    on l.subject = w.subject and l.author = w.author and l.version = w.version
where l.id <> w.id
  and not exists (
      select from ledger.parked as p
      where p.follower = 'inbox' and p.subject = w.subject and p.reason <> 'gap'
  )
order by w.subject, w.author, w.version, w.id

-- name: drop_waiting
-- What waited and has been heard meanwhile needs waiting no longer; a fork not before it is parked.
delete from ledger.waiting as w
using ledger.heads as h
where h.subject = w.subject and h.author = w.author and h.version >= w.version
  and (
      not exists (
          select from ledger.log as l
          where l.subject = w.subject and l.author = w.author and l.version = w.version
            and l.id <> w.id
      )
      or exists (
          select from ledger.parked as p
          where p.follower = 'inbox' and p.subject = w.subject and p.reason <> 'gap'
      )
  )

-- name: waiting_summary
-- How many events wait, and since when.
select count(*) as events, min(waiting_since) as since from ledger.waiting

-- name: offsets
-- Where each partition is to be read on, and the last record that was read of it.
select topic, partition, next_offset, last_record from ledger.read_to
where next_offset is not null

-- name: store_offsets
-- How far partitions have been taken into the log.
insert into ledger.read_to (topic, partition, as_of, next_offset, last_record)
select t, p, to_timestamp(0), n, l
from unnest($1::text[], $2::int[], $3::bigint[], $4::text[]) as u (t, p, n, l)
on conflict (topic, partition) do update
    set next_offset = excluded.next_offset, last_record = excluded.last_record

-- name: restore_unconfirmed
-- Whether this database was restored, and has not yet heard again what it had said.
select exists (select from ledger.restores where confirmed_at is null)

-- name: note_restore
-- It was, though nobody has said so.
insert into ledger.restores (backed_up_at)
select now() where not exists (select from ledger.restores where confirmed_at is null)

-- name: set_capacity
-- All that limited resources were claimed for in the log up to a position, and it has heard again
-- what it had said; false if more was said meanwhile (0011_capacity_after_a_restore.sql).
select ledger.set_capacity($1::text[], $2::int[], $3::int[], $4::bigint)

-- name: confirm_restore
-- It has.
update ledger.restores set confirmed_at = now() where confirmed_at is null

-- name: rewind_relay
-- Let the relay say again what stands behind a position.
update ledger.cursors set position = least(position, $1) where name = 'relay'

-- name: said_after
-- How many events were said behind a position.
select count(*) from ledger.log where position > $1 and said

-- name: publish_keys_again
-- All keys of an author are to be published once more.
update ledger.keys set published = 0 where author = $1

-- name: instant
-- The time by the clock that all processes of a service share.
select ledger.present() as now

-- name: set_read_to
-- These partitions have been read to their ends as of an instant; an instant that is yet to come
-- was noted by a clock that was ahead, and gives way.
insert into ledger.read_to (topic, partition, as_of)
select t, p, $3 from unnest($1::text[], $2::int[]) as u (t, p)
on conflict (topic, partition) do update set as_of = case
    when read_to.as_of > ledger.present() then excluded.as_of
    else greatest(read_to.as_of, excluded.as_of)
end

-- name: expect_partitions
-- These are all partitions of a topic: none counts as read before somebody has read it.
with gone as (
    delete from ledger.read_to where topic = $1 and partition <> all ($2::int[])
)
insert into ledger.read_to (topic, partition, as_of)
select $1, p, to_timestamp(0) from unnest($2::int[]) as u (p)
on conflict do nothing

-- name: read_to
-- Up to when all partitions have been read to their ends; an instant that is yet to come says
-- nothing about when that was.
select min(case when as_of <= ledger.present() then as_of else to_timestamp(0) end) from ledger.read_to

-- name: due_timers
-- What is due, and was not handled yet; nothing of subjects that wait, or are parked for a
-- follower that is live.
select t.id, t.subject, t.kind, t.due_at, t.command, t.cause, t.correlation
from {schema}.timers as t
where t.due_at <= $1
  and not exists (
      select from ledger.fired as f where f.id = t.id and f.due_at = t.due_at
  )
  and not exists (
      select from ledger.parked as p
      where p.subject = t.subject and position('@' in p.follower) = 0
  )
  and not exists (select from ledger.waiting as w where w.subject = t.subject)
order by t.due_at
limit $2

-- name: mark_fired
-- These timers have been handled.
insert into ledger.fired (id, due_at)
select * from unnest($1::uuid[], $2::timestamptz[])
on conflict do nothing

-- name: gaps
-- Subjects for which something has waited longer than some seconds, and isn't parked yet.
select w.subject, min(w.waiting_since) as since, count(*) as events
from ledger.waiting as w
where w.waiting_since < now() - make_interval(secs => $1)
  and not exists (
      select from ledger.parked as p where p.follower = 'inbox' and p.subject = w.subject
  )
group by w.subject

-- name: unpark_filled_gaps
-- A gap that was filled is no longer parked.
delete from ledger.parked as p
where p.follower = 'inbox' and p.reason = 'gap'
  and not exists (select from ledger.waiting as w where w.subject = p.subject)

-- name: unpark_reaction
-- Take a subject up again, if the follower still stands where it was read up to.
with back as (
    update ledger.cursors set position = position - 1
    where name = $2 and position = $3
    returning 1
), gone as (
    delete from ledger.parked where id = $1 and exists (select from back)
)
select 1 from back

-- name: unfire
-- Let the timers of a subject fire again.
delete from ledger.fired as f
using {schema}.timers as t
where t.subject = $1 and f.id = t.id and f.due_at = t.due_at

-- name: forget_fired
-- Some timers that were handled long ago, and stand in the read model no longer.
delete from ledger.fired as f
where f.ctid = any (array(
    select g.ctid from ledger.fired as g
    where g.due_at < now() - interval '1 day'
      and not exists (
          select from {schema}.timers as t where t.id = g.id and t.due_at = g.due_at
      )
    limit 10000
))

-- name: counts
-- How many events were said and heard here.
select said, count(*) as events from ledger.log group by said

-- name: skipped_events
-- Events that a follower passes over, as an operator decided.
select (data->>'event_id')::uuid as event_id
from ledger.log
where type = 'ParkedSkipped' and said and data->>'follower' = $1
  and data->>'event_id' is not null

-- name: is_parked
-- Whether a subject is parked for a follower, or for the inbox.
select exists (
    select from ledger.parked where subject = $1 and follower in ($2, 'inbox')
)

-- name: forget_topics
-- Topics that are no longer heard hold up no timers.
delete from ledger.read_to where topic <> all ($1::text[])

-- name: hold_cursor
-- Keep a follower where it stands until this transaction ends.
select position, generation from ledger.cursors where name = $1 for update

-- name: next_generation
-- The number of a projection's next generation.
select greatest(
    (select max(generation) from ledger.cursors where name = $1),
    (select max(generation) from ledger.generations where projection = $1),
    0
) + 1

-- name: begin_generation
-- A new generation of a projection is being built.
insert into ledger.generations (projection, generation, kind, phase, until)
values ($1, $2, $3, 'reading', $4)

-- name: note_generation
-- How far the building of a generation has come.
update ledger.generations
set phase = $3, position = $4, events = $5, events_expected = $6, rows_compared = $7,
    detail = $8, changed_at = now()
where projection = $1 and generation = $2

-- name: generations
-- Every generation besides the live ones, and those that became live.
select
    projection, generation, kind, phase, until, position, events, events_expected,
    rows_compared, detail, started_at, changed_at
from ledger.generations
order by projection, generation

-- name: keep_generation
-- The generation that was live until a swap, as it stood at a position.
insert into ledger.generations (projection, generation, kind, phase, position)
values ($1, $2, 'rebuild', 'kept', $3)
on conflict (projection, generation) do update
    set phase = excluded.phase, position = excluded.position, changed_at = now()

-- name: forget_generation
-- A generation that is no more.
delete from ledger.generations where projection = $1 and generation = $2

-- name: retire_cursor
-- The generation that was live follows the log no longer.
delete from ledger.cursors where name = $1 and generation = $2

-- name: rename_cursor
-- What was built beside the live generation takes its name.
update ledger.cursors set name = $2 where name = $1

-- name: unpark_all
-- Forget everything that was parked for a follower.
delete from ledger.parked where follower = $1

-- name: rename_parked
-- What is parked for a generation is parked for the one that it becomes.
update ledger.parked set follower = $2 where follower = $1

-- name: events_until
-- How many events of some types stand in the log up to a position.
select count(*) from ledger.log where position <= $1 and type = any ($2::text[])

-- name: position_at
-- The last position that was recorded by an instant. What a clock recorded that was ahead hides
-- nothing behind it, if it was so by less than an hour; the sum keeps to the index of instants.
select coalesce(
    (
        select max(position + 0) from ledger.log
        where recorded_at > $1::timestamptz - interval '1 hour' and recorded_at <= $1::timestamptz
    ),
    (
        select position from ledger.log
        where recorded_at <= $1::timestamptz
        order by recorded_at desc, position desc
        limit 1
    ),
    0
)

-- name: renumber_live
-- The live generation of a projection gets another number: whoever reads it now begins anew.
update ledger.cursors set generation = $2 where name = $1

-- name: renumber_generation
-- The same, where the generations are told of.
update ledger.generations set generation = $2 where projection = $1 and phase = 'live'
