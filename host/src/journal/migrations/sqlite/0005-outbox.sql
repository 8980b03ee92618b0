-- Messages to people, which stay here until a channel has accepted them. `due` is the time of the next attempt of a
-- waiting message, or the time at which the claim of a `sender` ends. `place` is the channel's identifier of a message
-- that can be updated. `claimed` is the revision that is being sent.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    deployment INTEGER NOT NULL REFERENCES deployments,
    name TEXT NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    revision INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due INTEGER NOT NULL,
    place TEXT,
    error TEXT,
    sender INTEGER,
    claimed INTEGER,
    UNIQUE (deployment, name)
) STRICT;
CREATE INDEX outbox_by_state ON outbox (state, due);
