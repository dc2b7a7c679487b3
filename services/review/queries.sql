-- name: review_of
-- How one ticket was followed up and judged.
select * from reviews.tickets where subject = $1

-- name: ratings_of
-- The customer's ratings of one ticket, a row a closing.
select closing, rating, comment, recurred, given_at from reviews.ratings
where subject = $1
order by closing

-- name: articles_of
-- The articles drafted from one ticket.
select article_id, title, body, drafted_by, drafted_at, published_at from reviews.articles
where subject = $1
order by drafted_at, article_id

-- name: to_review
-- Closed tickets that a colleague should look at, without those this reviewer worked on.
select subject, number, topic_name, agent_id, closed_at, rating, breaches, reopenings, why_review
from reviews.tickets
where why_review <> '' and reviewed_at is null and not ($1 = any (workers))
order by closed_at, subject
limit $2

-- name: trend_by_agent
-- Ratings since an instant, by the agent who had the ticket.
select
    agent_id as about, count(*) as ratings, round(avg(rating), 2)::float8 as average,
    count(*) filter (where recurred) as recurred
from reviews.ratings
where given_at >= $1
group by agent_id
order by agent_id

-- name: trend_by_topic
-- Ratings since an instant, by topic.
select
    topic_id as about, count(*) as ratings, round(avg(rating), 2)::float8 as average,
    count(*) filter (where recurred) as recurred
from reviews.ratings
where given_at >= $1
group by topic_id
order by topic_id

-- name: published_articles
-- What customers read, the newest first.
select subject, article_id, published_title as title, published_body as body, published_at
from reviews.articles
where published_at is not null
order by published_at desc
limit $1
