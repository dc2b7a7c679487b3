-- name: agents
-- Every agent, with how loaded they are by the log's own count.
select
    a.agent_id, a.name, a.role, a.team_ids, a.skills, a.tier,
    coalesce(c.ceiling, a.capacity) as capacity, coalesce(c.used, 0) as load,
    a.online, a.active,
    (
        select t.assigned_at from queues.tickets as t
        where t.last_agent_id = a.agent_id
        order by t.assigned_at desc limit 1
    ) as assigned_at
from queues.agents as a
left join ledger.capacity as c on c.resource = 'agent:' || a.agent_id
order by a.agent_id;

-- name: agents_of
-- The agents of one team ($1), with how loaded they are.
select
    a.agent_id, a.name, a.role, a.team_ids, a.skills, a.tier,
    coalesce(c.ceiling, a.capacity) as capacity, coalesce(c.used, 0) as load,
    a.online, a.active,
    (
        select t.assigned_at from queues.tickets as t
        where t.last_agent_id = a.agent_id
        order by t.assigned_at desc limit 1
    ) as assigned_at
from queues.agents as a
left join ledger.capacity as c on c.resource = 'agent:' || a.agent_id
where a.team_ids @> array[$1::text]
order by a.agent_id;

-- name: agent
-- One agent ($1), with how loaded they are.
select
    a.agent_id, a.name, a.role, a.team_ids, a.skills, a.tier,
    coalesce(c.ceiling, a.capacity) as capacity, coalesce(c.used, 0) as load,
    a.online, a.active, null::timestamptz as assigned_at
from queues.agents as a
left join ledger.capacity as c on c.resource = 'agent:' || a.agent_id
where a.agent_id = $1;

-- name: teams
-- Every team.
select team_id, name from queues.teams order by name, team_id;

-- name: open_by_team
-- How many open tickets each team has.
select team_id, count(*) as tickets from queues.tickets
where not closed and team_id is not null
group by team_id;

-- name: team
-- One team ($1).
select team_id, name from queues.teams where team_id = $1;

-- name: queued_needs
-- The different needs among queued tickets, and how urgent the first in line for each is:
-- one look at the index for each.
with recursive needs as (
    (
        select t.need, t.rank
        from queues.tickets as t
        where t.queued_at is not null
        order by t.need, t.rank desc
        limit 1
    )
    union all
    select next.need, next.rank
    from needs as n
    cross join lateral (
        select t.need, t.rank
        from queues.tickets as t
        where t.queued_at is not null and t.need > n.need
        order by t.need, t.rank desc
        limit 1
    ) as next
)
select need, rank from needs;

-- name: queue_heads
-- The first tickets in line for each need ($1), as many as there is room ($2) for.
select head.subject, head.need
from unnest($1::text[], $2::int[]) as wanted (need, room)
cross join lateral (
    select t.subject, t.need, t.rank, t.since
    from queues.tickets as t
    where t.queued_at is not null and t.need = wanted.need
    order by t.rank desc, t.since, t.subject
    limit wanted.room
) as head
order by head.rank desc, head.since, head.subject;

-- name: held_by
-- The tickets an agent ($1) has.
select subject from queues.tickets where agent_id = $1;

-- name: queued_counts
-- How many tickets wait for each team, by priority, and since when the oldest does.
select team_id, rank, count(*) as tickets, min(since) as oldest
from queues.tickets
where queued_at is not null
group by team_id, rank;

-- name: held_counts
-- How many tickets of each team somebody has.
select team_id, count(*) as tickets
from queues.tickets
where agent_id is not null
group by team_id;

-- name: why
-- What was last decided of a ticket ($1), and where it stands.
select
    stage, closed, team_id, team_name, skills, tier, declined, agent_id, participants, priority,
    queued_at, assigned_at, reason, candidates, decided_at
from queues.tickets
where subject = $1;
