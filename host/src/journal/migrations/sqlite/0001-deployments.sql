-- Deployments, their records, and leases on environments.
CREATE TABLE deployments (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    tag TEXT NOT NULL,
    digest TEXT,
    commit_id TEXT NOT NULL,
    began INTEGER NOT NULL,
    conclusion TEXT
) STRICT;
CREATE INDEX deployments_by_commit ON deployments (commit_id);
CREATE TABLE records (
    deployment INTEGER NOT NULL REFERENCES deployments,
    position INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    checksum BLOB NOT NULL,
    writer INTEGER NOT NULL,
    PRIMARY KEY (deployment, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE leases (
    environment TEXT PRIMARY KEY,
    fence INTEGER NOT NULL,
    deployment INTEGER NOT NULL,
    commit_id TEXT NOT NULL,
    holder TEXT,
    expires INTEGER NOT NULL
) STRICT;
