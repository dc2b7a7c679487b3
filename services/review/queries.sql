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
select
    article_id, title, body, topics, language, drafted_by, drafted_at, verdict, reviewed_by,
    review_comment, published_by, published_at, withdrawn_at, waits
from reviews.articles
where subject = $1
order by drafted_at, article_id

-- name: links_of
-- Articles of other tickets that solved one ticket.
select l.article_id, a.published_title as title, l.linked_by, l.linked_at
from reviews.article_links l
join reviews.articles a on a.article_id = l.article_id
where l.subject = $1
order by l.linked_at, l.article_id

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
select
    subject, number, article_id, published_title as title, published_body as body,
    published_topics as topics, published_language as language, published_by, published_at, waits
from reviews.articles
where published_at is not null
order by published_at desc
limit $1

-- name: waiting_articles
-- Drafts that wait for somebody, the oldest first.
select
    subject, number, article_id, title, topics, language, drafted_by, drafted_at, verdict,
    reviewed_by, published_at, withdrawn_at
from reviews.articles
where waits
order by drafted_at, article_id
limit $1

-- name: all_articles
-- Every article, the latest drafted first.
select
    subject, number, article_id, title, topics, language, drafted_by, drafted_at, verdict,
    reviewed_by, published_at, withdrawn_at, waits
from reviews.articles
order by drafted_at desc, article_id
limit $1

-- name: article
-- One article, draft and published.
select * from reviews.articles where article_id = $1 order by drafted_at limit 1

-- name: solved_by
-- Other tickets that an article solved.
select subject, number, linked_by, linked_at from reviews.article_links
where article_id = $1
order by linked_at, number

-- name: article_taken
-- Whether an article of this id was drafted from another ticket.
select exists (select from reviews.articles where article_id = $1 and subject <> $2)

-- name: published_title
-- What a published article is called.
select published_title from reviews.articles
where article_id = $1 and published_at is not null
