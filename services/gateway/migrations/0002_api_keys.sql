-- Programs that may call the API: of each key its SHA-256 alone.
set lock_timeout = '2s';
set statement_timeout = '30s';

create table desk_view.api_keys (
    subject uuid primary key,
    name text not null,
    scopes text[] not null,
    key_hash text not null,
    created_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz
);

create index api_keys_by_hash on desk_view.api_keys (key_hash);
