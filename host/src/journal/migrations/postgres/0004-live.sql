-- What environments served before the first deployment of this journal, or were said to serve by a person.
CREATE TABLE greenlight.live_commits (
    environment text NOT NULL,
    at bigint NOT NULL,
    commit_id text NOT NULL,
    person text,
    PRIMARY KEY (environment, at)
);
