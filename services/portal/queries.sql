-- Reads of the customers' read model.

-- name: topics
-- The topics that customers may write under.
select subject, topic_id, name, description, fields, plans, active, prove_address
from pages.topics where active order by name;

-- name: fields
-- The fields of a topic's form, whether it is still offered or not.
select fields from pages.topics where topic_id = $1;

-- name: proves_address
-- Whether tickets of a topic wait for their requesters' addresses to be proven.
select prove_address from pages.topics where topic_id = $1;

-- name: plans
-- Plans by id.
select plan_id, name, description from pages.plans where plan_id = any ($1::text[]) order by name;

-- name: plans_of_others
-- The plans that somebody with this person id and mail domain may not choose.
select plan_id from pages.entitlements
where not ($1 = any (people) or $2 = any (domains));

-- name: desk_name
-- What the desk calls itself.
select name from pages.desk;

-- name: ticket
-- A ticket.
select subject, number, title, topic_name, requester_id, requester_name, opened_at, updated_at,
    status, priority, plan_name, agent_name, team_name, first_due_at, first_state,
    solution_due_at, solution_state, questions, solution, closed_how, rating, merged_into,
    merged_number, topic_id, details, confirmed, held, timezone
from pages.tickets where subject = $1;

-- name: latest_of
-- The ticket that this person opened last.
select subject from pages.tickets where requester_id = $1 order by opened_at desc limit 1;

-- name: tickets_of
-- The tickets that this person opened, the latest first: no more than two hundred.
select subject, number, title, topic_name, requester_id, requester_name, opened_at, updated_at,
    status, priority, plan_name, agent_name, team_name, first_due_at, first_state,
    solution_due_at, solution_state, questions, solution, closed_how, rating, merged_into,
    merged_number, topic_id, details, confirmed, held, timezone
from pages.tickets where requester_id = $1 order by opened_at desc limit 200;

-- name: similar_articles
-- Articles with at least so many words that begin so; those of the topic before others.
select subject, article_id, title, body, topics, language, published_at from pages.articles,
    lateral (
        select count(*) from unnest($1::text[]) word
        where to_tsvector('simple', title || ' ' || body) @@ to_tsquery('simple', word || ':*')
    ) found (words)
where to_tsvector('simple', title || ' ' || body)
    @@ to_tsquery('simple', array_to_string($1, ':* | ') || ':*')
    and found.words >= $2
order by found.words desc, $3::text = any (topics) desc, published_at desc
limit $4;

-- name: article
-- An article that customers can read.
select subject, article_id, title, body, topics, language, published_at
from pages.articles where article_id = $1;

-- name: similar_tickets
-- Open tickets of a person with at least so many words in their titles that begin so.
select subject, number, title, topic_name, requester_id, requester_name, opened_at, updated_at,
    status, priority, plan_name, agent_name, team_name, first_due_at, first_state,
    solution_due_at, solution_state, questions, solution, closed_how, rating, merged_into,
    merged_number, topic_id, details, confirmed, held, timezone
from pages.tickets,
    lateral (
        select count(*) from unnest($1::text[]) word
        where to_tsvector('simple', title) @@ to_tsquery('simple', word || ':*')
    ) found (words)
where requester_id = $3 and found.words >= $2 and status not in ('Closed', 'Archived')
order by found.words desc, opened_at desc
limit $4;

-- name: messages
-- The conversation on a ticket, oldest first: the latest thousand.
select id, subject, position, at, side, person_id, name, label, text, attachments, cause from (
    select * from pages.messages where subject = $1 order by position desc limit 1000
) latest order by position;

-- name: first_message
-- What opened a ticket.
select id, subject, position, at, side, person_id, name, label, text, attachments, cause
from pages.messages where subject = $1 order by position limit 1;

-- name: timeline
-- What happened on a ticket, newest first: the latest thousand.
select id, subject, position, at, words, facts
from pages.timeline where subject = $1 order by position desc limit 1000;

-- name: copies
-- The people in copy of a ticket, by name.
select id, subject, person_id, name, state from pages.copies where subject = $1 order by name, id;

-- name: file
-- What a ticket says of a file: nothing unless the file was sent on it.
select file ->> 'name' as name, file ->> 'content_type' as content_type
from pages.messages, jsonb_array_elements(attachments) file
where subject = $1 and file ->> 'file_id' = $2
limit 1;
