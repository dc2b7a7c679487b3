-- Calendars that keep the public holidays of a country.
set lock_timeout = '2s';
set statement_timeout = '30s';

alter table desk.calendars
    add column country text not null default '',
    add column region text not null default '',
    add column public_holidays text[] not null default '{}';
