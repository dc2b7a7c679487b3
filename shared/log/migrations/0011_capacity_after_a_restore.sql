-- What a restored service's own events have claimed of limited resources is set at once, and
-- once, however many replicas count: whoever comes first also confirms the restore.
set lock_timeout = '5s';
set statement_timeout = '60s';

create function ledger.set_capacity(
    q_resource text[], q_used int[], q_ceiling int[], counted_to bigint
) returns boolean
language plpgsql security definer
set search_path = ledger, pg_temp
as $$
begin
    perform pg_advisory_xact_lock(7355608);
    if not exists (select from restores where confirmed_at is null) then
        return true;
    end if;
    if exists (select from log where log.position > counted_to and log.said) then
        return false;
    end if;
    delete from capacity;
    insert into capacity (resource, used, ceiling)
    select * from unnest(q_resource, q_used, q_ceiling);
    update restores set confirmed_at = now() where confirmed_at is null;
    return true;
end
$$;
