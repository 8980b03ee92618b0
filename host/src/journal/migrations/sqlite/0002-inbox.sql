-- The idempotency key of a deployment, and the inbox. In the program, `hints` are push events and `starts` are
-- deployment requests; the tables keep their names, because renaming them would lock out older versions of the
-- program that share the database.
ALTER TABLE deployments ADD COLUMN request TEXT;
CREATE UNIQUE INDEX deployments_by_request ON deployments (request);
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    source TEXT NOT NULL,
    body BLOB NOT NULL,
    hints TEXT NOT NULL
) STRICT;
CREATE INDEX deliveries_by_time ON deliveries (at);
CREATE TABLE starts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    request TEXT NOT NULL UNIQUE,
    repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    environment TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'wanted',
    why TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    again_at INTEGER NOT NULL DEFAULT 0,
    reference TEXT,
    finished TEXT,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    fence INTEGER NOT NULL DEFAULT 0,
    holder TEXT,
    expires INTEGER NOT NULL DEFAULT 0,
    UNIQUE (repository, tag, digest)
) STRICT;
CREATE INDEX starts_by_state ON starts (state);
CREATE TABLE hints (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    deliveries INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    why TEXT,
    start INTEGER REFERENCES starts,
    attempts INTEGER NOT NULL DEFAULT 0,
    again_at INTEGER NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    holder TEXT,
    expires INTEGER NOT NULL DEFAULT 0,
    UNIQUE (repository, tag, digest)
) STRICT;
CREATE INDEX hints_by_time ON hints (last_at);
CREATE INDEX hints_pending ON hints (last_at) WHERE state = 'pending';
CREATE TABLE baselines (
    repository TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT;
