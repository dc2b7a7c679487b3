-- name: work_of
-- Where the work on one ticket stands.
select * from work.tickets where subject = $1

-- name: quiet
-- Open tickets whose customer has heard nothing of us since an instant, the longest first.
select * from work.tickets
where status not in ('Resolved', 'Closed', 'Archived')
  and coalesce(informed_at, opened_at) < $1
  and ($2::text is null or agent_id = $2)
order by coalesce(informed_at, opened_at), subject
limit $3

-- name: closing_of
-- How one ticket ended; no row while it is not closed.
select * from closed.tickets where subject = $1 and closed_at is not null

-- name: closings
-- How tickets ended, the latest first, those before an instant.
select * from closed.tickets
where closed_at is not null and closed_at < $1
order by closed_at desc, subject
limit $2
