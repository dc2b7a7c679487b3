-- The desk's name: part of directory.
set lock_timeout = '2s';
set statement_timeout = '30s';

create table directory.desk (
    subject uuid primary key,
    name text not null
);
