-- name: agents
-- Every agent, with how loaded they are by the log's own count.
select
    a.agent_id, a.name, a.role, a.team_ids, a.skills, a.tier,
    coalesce(c.ceiling, a.capacity) as capacity, coalesce(c.used, 0) as load,
    a.online, a.active, a.levels, a.timezone, a.shifts, a.leave,
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
    a.online, a.active, a.levels, a.timezone, a.shifts, a.leave,
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
    a.online, a.active, a.levels, a.timezone, a.shifts, a.leave,
    null::timestamptz as assigned_at
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
-- The different needs among queued tickets, and the place in line of the first for each:
-- one look at the index for each.
with recursive needs as (
    (
        select t.need, t.line_at, t.rank
        from queues.tickets as t
        where t.queued_at is not null
        order by t.need, t.line_at, t.rank desc
        limit 1
    )
    union all
    select next.need, next.line_at, next.rank
    from needs as n
    cross join lateral (
        select t.need, t.line_at, t.rank
        from queues.tickets as t
        where t.queued_at is not null and t.need > n.need
        order by t.need, t.line_at, t.rank desc
        limit 1
    ) as next
)
select need, line_at, rank from needs;

-- name: queue_heads
-- The first tickets in line for each need ($1), as many as there is room ($2) for, and who
-- last helped their requesters.
select head.subject, head.need, head.priority, helper.last_agent_id as helped_before
from unnest($1::text[], $2::int[]) as wanted (need, room)
cross join lateral (
    select t.subject, t.need, t.rank, t.line_at, t.since, t.priority, t.requester
    from queues.tickets as t
    where t.queued_at is not null and t.need = wanted.need
    order by t.line_at, t.rank desc, t.since, t.subject
    limit wanted.room
) as head
left join lateral (
    select h.last_agent_id from queues.tickets as h
    where h.requester = head.requester and h.last_agent_id is not null
    order by h.assigned_at desc limit 1
) as helper on true
order by head.line_at, head.rank desc, head.since, head.subject;

-- name: helped_before
-- Who last had a ticket of a requester ($1) other than this one ($2).
select last_agent_id from queues.tickets
where requester = $1 and last_agent_id is not null and subject <> $2
order by assigned_at desc limit 1;

-- name: policy
-- How the desk routes, and the strategies of its teams.
select
    (select definition from queues.routing limit 1) as routing,
    (select jsonb_object_agg(team_id, strategy) from queues.teams) as strategies;

-- name: ahead
-- How many tickets with the same need as one ($1) are before it in line.
select count(*) as tickets
from queues.tickets as mine
join queues.tickets as t on t.need = mine.need and t.queued_at is not null
where mine.subject = $1 and mine.queued_at is not null
  and (t.line_at, -t.rank, t.since, t.subject)
    < (mine.line_at, -mine.rank, mine.since, mine.subject);

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
    queued_at, assigned_at, reason, candidates, decided_at, number, need, facts, wants, weight,
    how, overrides, requester, due_at, line_at, watch_minutes, watched_since, untouched_since
from queues.tickets
where subject = $1;
