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

-- name: trends
-- Tickets opened since an instant, by what $2 names; only those of a topic ($3), team, agent or
-- organisation, if they are given. Hours are real ones, from opening to the last solution.
select
    about,
    max(name) as name,
    count(*) as opened,
    count(resolved_at) as resolved,
    round((percentile_cont(0.5) within group (
        order by extract(epoch from responded_at - opened_at)::float8) / 3600)::numeric, 2)::float8
        as response_hours_median,
    round((percentile_cont(0.5) within group (
        order by extract(epoch from resolved_at - opened_at)::float8) / 3600)::numeric, 2)::float8
        as resolution_hours_median,
    count(*) filter (where breaches > 0) as breached,
    count(*) filter (where reopenings > 0) as reopened,
    count(*) filter (where recurred) as recurred,
    count(rating) as ratings,
    round(avg(rating), 2)::float8 as rating_average,
    round(avg(score), 2)::float8 as score_average
from (
    select *,
        case $2
            when 'topic' then topic_id
            when 'team' then team_id
            when 'agent' then agent_id
            when 'organisation' then organisation
            else to_char(date_trunc($2, opened_at at time zone 'UTC'), 'YYYY-MM-DD')
        end as about,
        case $2 when 'topic' then topic_name when 'team' then team_name else '' end as name
    from trends.tickets
    where opened_at >= $1 and not merged
        and ($3::text is null or topic_id = $3)
        and ($4::text is null or team_id = $4)
        and ($5::text is null or agent_id = $5)
        and ($6::text is null or organisation = $6)
) as one
group by about
order by count(*) desc, about
limit 400

-- name: recurring
-- What came up at least $2 times since an instant: the same cause, the same customer or
-- organisation with the same topic, or a topic whose tickets came back.
with recent as (
    select *, recurred or reopenings > 0 as came_back
    from trends.tickets
    where opened_at >= $1 and not merged
), grouped as (
    select 'cause' as what, cause as about, max(topic_name) as topic_name, '' as organisation,
        array_agg(number order by opened_at desc) as numbers, count(*) as tickets,
        count(distinct requester_id) as requesters,
        count(*) filter (where came_back) as came_back, max(opened_at) as latest_at
    from recent where cause <> '' group by cause having count(*) >= $2
    union all
    select 'requester', topic_id, max(topic_name), max(organisation),
        array_agg(number order by opened_at desc), count(*), 1,
        count(*) filter (where came_back), max(opened_at)
    from recent group by requester_id, topic_id having count(*) >= $2
    union all
    select 'organisation', topic_id, max(topic_name), organisation,
        array_agg(number order by opened_at desc), count(*), count(distinct requester_id),
        count(*) filter (where came_back), max(opened_at)
    from recent where organisation <> ''
    group by organisation, topic_id having count(*) >= $2 and count(distinct requester_id) > 1
    union all
    select 'came back', topic_id, max(topic_name), '',
        array_agg(number order by opened_at desc) filter (where came_back),
        count(*) filter (where came_back), count(distinct requester_id) filter (where came_back),
        count(*) filter (where came_back), max(opened_at) filter (where came_back)
    from recent group by topic_id having count(*) filter (where came_back) >= $2
)
select what, about, topic_name, organisation, numbers[1:10] as numbers, tickets, requesters,
    came_back, latest_at
from grouped
order by tickets desc, latest_at desc
limit 100

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

-- name: quality_rules
-- The desk's rules of quality.
select rules from quality_rules.rules limit 1
