-- name: own_keys
-- The keys that some people's texts are sealed with by an author, and who is being forgotten.
select
    person,
    (array_agg(key_id order by created_at desc, key_id)
        filter (where erased_at is null and author = $2))[1] as key_id,
    bool_or(forgotten_at is not null and refolded_at is null) as leaving
from ledger.keys
where person = any ($1::uuid[])
group by person

-- name: keys
-- Some keys.
select key_id, person, master, wrapped from ledger.keys where key_id = any ($1::uuid[])

-- name: known_keys
-- Which of some keys are here, erased or not.
select key_id from ledger.keys where key_id = any ($1::uuid[])

-- name: erased_lately
-- Keys that were dropped here within some seconds.
select key_id, person from ledger.keys
where forgotten_at > now() - make_interval(secs => $1)

-- name: unpublished
-- Keys of an author whose newest change is not on Kafka yet; and those erased a while ago, once
-- more: Kafka drops what it compacts only when something newer has begun another segment.
select key_id, person, author, wrapped, master, change, created_at, erased_at
from ledger.keys
where author = $1 and published < change
union all
select key_id, person, author, wrapped, master, change, created_at, erased_at
from ledger.keys
where author = $1 and published = change
  and forgotten_at between now() - interval '1 day' and now() - make_interval(secs => $3)
  and published_at < forgotten_at + make_interval(secs => $3)
limit $2

-- name: keys_to_publish
-- Some keys of an author, as they are published.
select key_id, person, author, wrapped, master, change, created_at, erased_at
from ledger.keys
where author = $1 and key_id = any ($2::uuid[])

-- name: mark_published
-- These changes of keys are on Kafka; if a crash forgets it, they are published again.
with hurry as materialized (select set_config('synchronous_commit', 'off', true) as is_off)
update ledger.keys as k set published = u.change, published_at = now()
from hurry, unnest($1::uuid[], $2::int[]) as u (key_id, change)
where k.key_id = u.key_id and k.published <= u.change and hurry.is_off = 'off'

-- name: hear_keys
-- Keys that others made or erased; as they are now, where that was news. An erased one stays
-- so, whatever comes later.
insert into ledger.keys as k (
    key_id, person, author, wrapped, master, change, published, created_at, erased_at,
    forgotten_at
)
select u.key_id, u.person, u.author, u.wrapped, u.master, u.change, u.change, u.created_at,
    u.erased_at, case when u.erased_at is not null then now() end
from unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::int[], $7::timestamptz[],
    $8::timestamptz[]
) as u (key_id, person, author, wrapped, master, change, created_at, erased_at)
on conflict (key_id) do update set
    wrapped = excluded.wrapped, master = excluded.master,
    change = greatest(k.change, excluded.change), erased_at = excluded.erased_at,
    forgotten_at = excluded.forgotten_at,
    published = case when excluded.change >= k.change then excluded.change else k.published end
where k.erased_at is null
  and (excluded.erased_at is not null or excluded.change > k.change)
returning k.key_id, k.person, k.master, k.wrapped

-- name: erase_again
-- Keys of ours that are erased here, and that somebody has published as if they were not.
update ledger.keys as k set change = greatest(k.change, u.change) + 1
from unnest($1::uuid[], $2::int[]) as u (key_id, change)
where k.key_id = u.key_id and k.author = $3 and k.erased_at is not null
  and k.published >= k.change

-- name: erase_keys
-- Drop an author's keys of a person that were made up to an instant.
update ledger.keys
set wrapped = null, erased_at = $4, forgotten_at = now(), change = change + 1
where person = $1 and author = $2 and created_at <= $3 and erased_at is null
returning key_id, person

-- name: restored_since
-- Whether this database was restored from a backup after an instant.
select exists (select from ledger.restores where restored_at > $1)

-- name: being_forgotten
-- Keys that were dropped here, and whose last traces are not gone yet.
select key_id, person, refolded_at is not null as refolded,
    forgotten_at < now() - make_interval(secs => $1) as settled
from ledger.keys
where forgotten_at is not null and purged_at is null

-- name: subjects_sealed_with
-- What the events are about that are sealed with some keys.
select distinct subject from ledger.log
where keys <> '' and string_to_array(keys, ',') && $1::text[]

-- name: mark_refolded
-- The read models know nothing any more that was sealed with these keys.
update ledger.keys set refolded_at = now() where key_id = any ($1::uuid[])

-- name: mark_purged
-- The last traces of these keys, and of what was sealed with them, are gone.
update ledger.keys set purged_at = now() where key_id = any ($1::uuid[])

-- name: forget_details
-- What is told of parked subjects may quote what they hold.
update ledger.parked set detail = '' where subject = any ($1::uuid[])

-- name: handled_erasures
-- The newest erasure of each person for which this service has dropped its own keys.
select l.subject as person, max(l.version) as version
from ledger.log as l
join ledger.cursors as c on c.name = 'eraser' and l.position <= c.position
where l.type = 'PersonErased' and l.subject = any ($1::uuid[])
group by l.subject

-- name: keys_of
-- What has become of a person's keys here.
select key_id, author, erased_at, forgotten_at, refolded_at, purged_at
from ledger.keys
where person = any ($1::uuid[])
order by created_at

-- name: rewrap
-- A key of an author, wrapped with another master key, unless it was erased meanwhile.
update ledger.keys set wrapped = $2, master = $3, change = change + 1
where key_id = $1 and erased_at is null

-- name: wrapped_otherwise
-- Keys of an author that are not wrapped with this master key.
select key_id, person, master, wrapped from ledger.keys
where author = $1 and erased_at is null and master <> $2
limit $3

-- name: masters
-- With which master keys the keys here are wrapped.
select master, count(*) as keys from ledger.keys where erased_at is null group by master
