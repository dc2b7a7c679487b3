-- append, as in 0010_append_asks_less.sql, but the cursors that are to move are locked before they
-- are looked at, so that one that is put back meanwhile (`unpark_reaction`) is not moved on from
-- where it stood.
set lock_timeout = '5s';
set statement_timeout = '60s';

create or replace function ledger.append(
    e_caller int[], e_said boolean[], e_kept boolean[], e_subject uuid[], e_author text[],
    e_version int[], e_id uuid[], e_previous uuid[], e_topic text[], e_type text[],
    e_after text[], e_revision int[], e_correlation uuid[], e_causation uuid[],
    e_actor text[], e_occurred_at timestamptz[], e_traceparent text[], e_data text[],
    e_keys text[],
    m_caller int[], m_name text[], m_generation int[], m_seen bigint[], m_to bigint[],
    q_caller int[], q_resource text[], q_amount int[], q_ceiling int[],
    k_caller int[], k_id uuid[], k_person uuid[], k_author text[], k_wrapped bytea[],
    k_master text[]
) returns table (caller int, reason text, about text)
language plpgsql security definer
set search_path = ledger, pg_temp
-- Its plans are made once a session, maybe while the tables are still empty, and must be
-- right when they are not: by index, row by row.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_bitmapscan = off
set jit = off
as $$
declare
    bad int[];
    reasons text[];
    abouts text[];
    last_position bigint;
begin
    perform pg_advisory_xact_lock(7355608);

    if cardinality(m_caller) > 0 then
        perform from unnest(m_name, m_generation) as m (name, generation)
        join cursors on cursors.name = m.name and cursors.generation = m.generation
        order by cursors.name, cursors.generation
        for update of cursors;
    end if;

    select coalesce(array_agg(p.caller), '{}'), array_agg(p.reason), array_agg(p.about)
    into bad, reasons, abouts
    from (
        select t.caller, 'duplicate' as reason, t.id::text as about
        from unnest(e_caller, e_id, e_kept) as t (caller, id, kept)
        join log on log.id = t.id
        where t.kept
        union all
        select f.caller, 'conflict', f.subject::text
        from (
            select distinct on (t.subject, t.author)
                t.caller, t.subject, t.author, t.version, t.previous
            from unnest(e_caller, e_subject, e_author, e_version, e_previous)
                as t (caller, subject, author, version, previous)
            order by t.subject, t.author, t.version
        ) as f
        left join heads on heads.subject = f.subject and heads.author = f.author
        where f.version <> coalesce(heads.version, 0) + 1
           or (f.previous is not null and f.previous is distinct from heads.id)
    ) as p;

    if cardinality(m_caller) + cardinality(q_caller) + cardinality(k_caller) > 0 then
        select bad || coalesce(array_agg(p.caller), '{}'), reasons || array_agg(p.reason),
            abouts || array_agg(p.about)
        into bad, reasons, abouts
        from (
            select m.caller, 'cursor' as reason, m.name as about
            from unnest(m_caller, m_name, m_generation, m_seen)
                as m (caller, name, generation, seen)
            left join cursors on cursors.name = m.name and cursors.generation = m.generation
            where cursors.position is distinct from m.seen
            union all
            select q.caller, 'capacity', q.resource
            from (
                select u.caller, u.resource, sum(u.amount) as amount, max(u.ceiling) as ceiling
                from unnest(q_caller, q_resource, q_amount, q_ceiling)
                    as u (caller, resource, amount, ceiling)
                group by u.caller, u.resource
            ) as q
            left join capacity on capacity.resource = q.resource
            where q.amount > 0
              and coalesce(capacity.used, 0) + q.amount > coalesce(q.ceiling, capacity.ceiling, 0)
            union all
            select k.caller, 'key', k.id::text
            from unnest(k_caller, k_id, k_wrapped) as k (caller, id, wrapped)
            left join keys on keys.key_id = k.id
            where keys.erased_at is not null or (keys.key_id is null and k.wrapped is null)
        ) as p;
    end if;

    if cardinality(k_caller) > 0 then
        insert into keys (key_id, person, author, wrapped, master)
        select distinct on (k.id) k.id, k.person, k.author, k.wrapped, k.master
        from unnest(k_caller, k_id, k_person, k_author, k_wrapped, k_master)
            as k (caller, id, person, author, wrapped, master)
        where k.wrapped is not null and k.caller <> all (bad)
        on conflict on constraint keys_pkey do nothing;
    end if;

    insert into log (
        subject, author, version, id, previous, said, topic, type, after, revision,
        correlation, causation, actor, occurred_at, traceparent, data, keys
    )
    select
        t.subject, t.author, t.version, t.id,
        coalesce(
            t.previous,
            lag(t.id) over (partition by t.subject, t.author order by t.version),
            heads.id
        ),
        t.said, t.topic, t.type, t.after, t.revision,
        t.correlation, t.causation, t.actor, t.occurred_at, t.traceparent, t.data::json,
        t.keys
    from unnest(
        e_caller, e_said, e_kept, e_subject, e_author, e_version, e_id, e_previous, e_topic,
        e_type, e_after, e_revision, e_correlation, e_causation, e_actor, e_occurred_at,
        e_traceparent, e_data, e_keys
    ) with ordinality as t (
        caller, said, kept, subject, author, version, id, previous, topic,
        type, after, revision, correlation, causation, actor, occurred_at,
        traceparent, data, keys, place
    )
    left join heads on heads.subject = t.subject and heads.author = t.author
    where t.kept and t.caller <> all (bad)
    order by t.place;

    insert into heads (subject, author, version, id)
    select distinct on (t.subject, t.author) t.subject, t.author, t.version, t.id
    from unnest(e_caller, e_subject, e_author, e_version, e_id)
        as t (caller, subject, author, version, id)
    where t.caller <> all (bad)
    order by t.subject, t.author, t.version desc
    on conflict on constraint heads_pkey do update
        set version = excluded.version, id = excluded.id;

    if cardinality(m_caller) > 0 then
        update cursors set position = m.destination
        from unnest(m_caller, m_name, m_generation, m_to)
            as m (caller, name, generation, destination)
        where cursors.name = m.name and cursors.generation = m.generation
          and m.caller <> all (bad);
    end if;

    if cardinality(q_caller) > 0 then
        insert into capacity (resource, used)
        select u.resource, sum(u.amount)
        from unnest(q_caller, q_resource, q_amount) as u (caller, resource, amount)
        where u.caller <> all (bad)
        group by u.resource
        on conflict on constraint capacity_pkey do update
            set used = greatest(capacity.used + excluded.used, 0);
        update capacity set ceiling = u.ceiling
        from unnest(q_caller, q_resource, q_ceiling) as u (caller, resource, ceiling)
        where capacity.resource = u.resource and u.ceiling is not null
          and u.caller <> all (bad);
    end if;

    select max(log.position) into last_position from log;
    return query select * from unnest(bad, reasons, abouts);
    return query select -1, 'end', coalesce(last_position, 0)::text;
end
$$;
