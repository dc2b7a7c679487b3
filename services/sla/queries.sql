-- name: plans
-- Every plan with its business hours.
select
    p.plan_id, p.name, p.targets, p.default_for, p.warn_at_share, p.escalate_on_breach,
    p.revision, p.escalation, p.stops, p.organisations, p.topics, p.types, p.calendar_id, c.timezone, c.hours, c.holidays, c.special_hours, c.public_holidays
from desk.plans as p
join desk.calendars as c on c.calendar_id = p.calendar_id
order by p.plan_id

-- name: plan
-- One plan with its business hours.
select
    p.plan_id, p.name, p.targets, p.default_for, p.warn_at_share, p.escalate_on_breach,
    p.revision, p.escalation, p.stops, p.organisations, p.topics, p.types, p.calendar_id, c.timezone, c.hours, c.holidays, c.special_hours, c.public_holidays
from desk.plans as p
join desk.calendars as c on c.calendar_id = p.calendar_id
where p.plan_id = $1

-- name: calendars
-- Every calendar.
select calendar_id, timezone, hours, holidays, special_hours, country, region, revision
from desk.calendars
order by calendar_id

-- name: ticket
-- The plan that holds for a ticket.
select * from clocks.tickets where subject = $1

-- name: clocks
-- The clocks of a ticket.
select * from clocks.clocks where subject = $1 order by clock

-- name: due_next
-- Running clocks, those due first at the top, of all teams or of one.
select
    c.subject as ticket_id, t.number, t.priority, t.plan_name, t.team_id, t.agent_id,
    c.clock, c.due_at, c.warn_at, c.breached_at
from clocks.clocks as c
join clocks.tickets as t on t.subject = c.subject
where c.state = 'running' and ($1::text is null or t.team_id = $1)
order by c.due_at, c.id
limit $2

-- name: open_by_plan
-- How many tickets have a clock that is not at its end, by plan.
select t.plan_id, count(distinct t.subject) as tickets
from clocks.clocks as c
join clocks.tickets as t on t.subject = c.subject
where c.state in ('running', 'paused') and t.plan_id is not null
group by t.plan_id

-- name: open_of_plan
-- The tickets under a plan that have a clock that is not at its end.
select distinct t.subject
from clocks.tickets as t
join clocks.clocks as c on c.subject = t.subject
where t.plan_id = $1 and c.state in ('running', 'paused')
order by t.subject
