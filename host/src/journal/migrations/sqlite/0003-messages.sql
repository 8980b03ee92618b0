-- Messages to the process that drives a deployment. The token makes sending idempotent.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    deployment INTEGER NOT NULL REFERENCES deployments,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    token INTEGER NOT NULL UNIQUE
) STRICT;
CREATE INDEX messages_by_deployment ON messages (deployment, id);
