-- name: own_keys
-- The keys that some people's texts are sealed with by an author, and who is being forgotten.
select
    person,
    (array_agg(key_id order by created_at desc, key_id)
        filter (where erased_at is null and author = $2))[1] as key_id,
    bool_or(erased_at is not null and refolded_at is null) as leaving
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
-- Keys that were erased within some seconds.
select key_id, person from ledger.keys
where erased_at > now() - make_interval(secs => $1)

-- name: unpublished
-- Keys of an author whose newest change is not on Kafka yet.
select key_id, person, author, wrapped, master, change, created_at, erased_at
from ledger.keys
where author = $1 and published < change
limit $2

-- name: mark_published
-- These changes of keys are on Kafka.
update ledger.keys as k set published = u.change
from unnest($1::uuid[], $2::int[]) as u (key_id, change)
where k.key_id = u.key_id and k.published < u.change

-- name: hear_keys
-- Keys that others made or erased. An erased one stays so, whatever comes later.
insert into ledger.keys as k (
    key_id, person, author, wrapped, master, change, published, created_at, erased_at
)
select u.key_id, u.person, u.author, u.wrapped, u.master, u.change, u.change, u.created_at,
    u.erased_at
from unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::int[], $7::timestamptz[],
    $8::timestamptz[]
) as u (key_id, person, author, wrapped, master, change, created_at, erased_at)
on conflict (key_id) do update set
    wrapped = excluded.wrapped, master = excluded.master,
    change = greatest(k.change, excluded.change), erased_at = excluded.erased_at,
    published = case when excluded.change >= k.change then excluded.change else k.published end
where k.erased_at is null
  and (excluded.erased_at is not null or excluded.change > k.change)

-- name: erase_again
-- Keys of ours that are erased here, and that somebody has published as if they were not.
update ledger.keys as k set change = greatest(k.change, u.change) + 1
from unnest($1::uuid[], $2::int[]) as u (key_id, change)
where k.key_id = u.key_id and k.author = $3 and k.erased_at is not null
  and k.published >= k.change
