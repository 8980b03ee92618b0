-- The idempotency key of a deployment, and the inbox. In the program, `hints` are push events and `starts` are
-- deployment requests; the tables keep their names, because renaming them would lock out older versions of the
-- program that share the database.
ALTER TABLE greenlight.deployments ADD COLUMN request text UNIQUE;
CREATE TABLE greenlight.deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at bigint NOT NULL,
    source text NOT NULL,
    body bytea NOT NULL,
    hints bigint[] NOT NULL
);
CREATE INDEX deliveries_by_time ON greenlight.deliveries (at);
CREATE TABLE greenlight.starts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request text NOT NULL UNIQUE,
    repository text NOT NULL,
    tag text NOT NULL,
    digest text NOT NULL,
    environment text NOT NULL,
    commit_id text NOT NULL,
    state text NOT NULL DEFAULT 'wanted',
    why text,
    attempts bigint NOT NULL DEFAULT 0,
    again_at bigint NOT NULL DEFAULT 0,
    reference text,
    finished text,
    created bigint NOT NULL,
    updated bigint NOT NULL,
    fence bigint NOT NULL DEFAULT 0,
    claim bigint,
    holder text,
    expires bigint NOT NULL DEFAULT 0,
    UNIQUE (repository, tag, digest)
);
CREATE INDEX starts_by_state ON greenlight.starts (state);
CREATE TABLE greenlight.hints (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    repository text NOT NULL,
    tag text NOT NULL,
    digest text NOT NULL,
    deliveries bigint NOT NULL,
    first_at bigint NOT NULL,
    last_at bigint NOT NULL,
    state text NOT NULL,
    why text,
    start bigint REFERENCES greenlight.starts,
    attempts bigint NOT NULL DEFAULT 0,
    again_at bigint NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT 0,
    claim bigint,
    holder text,
    expires bigint NOT NULL DEFAULT 0,
    UNIQUE (repository, tag, digest)
);
CREATE INDEX hints_by_time ON greenlight.hints (last_at);
CREATE INDEX hints_pending ON greenlight.hints (last_at) WHERE state = 'pending';
CREATE TABLE greenlight.baselines (
    repository text PRIMARY KEY,
    at bigint NOT NULL
);
