-- Open tickets by their words, whoever opened them. What is too long for a word is taken out
-- first, as it can't be indexed.
set lock_timeout = '5s';
set statement_timeout = '120s';

update triage.tickets
set words = array(select word from unnest(words) as word where length(word) <= 50)
where exists (select from unnest(words) as word where length(word) > 50);

-- One scan of what is open, before the service starts.
-- squawk-ignore require-concurrent-index-creation
create index tickets_open_by_words on triage.tickets using gin (array_to_tsvector(words))
    where open;
