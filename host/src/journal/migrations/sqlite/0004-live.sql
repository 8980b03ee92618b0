-- What environments served before the first deployment of this journal, or were said to serve by a person.
CREATE TABLE live_commits (
    environment TEXT NOT NULL,
    at INTEGER NOT NULL,
    commit_id TEXT NOT NULL,
    person TEXT,
    PRIMARY KEY (environment, at)
) STRICT;
