-- Messages to people, which stay here until a channel has accepted them. `due` is the time of the next attempt of a
-- waiting message, or the time at which the claim of a `sender` ends. `place` is the channel's identifier of a message
-- that can be updated. `claimed` is the revision that is being sent.
CREATE TABLE greenlight.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    deployment bigint NOT NULL REFERENCES greenlight.deployments,
    name text NOT NULL,
    at bigint NOT NULL,
    body text NOT NULL,
    revision bigint NOT NULL,
    state text NOT NULL,
    attempts bigint NOT NULL,
    due bigint NOT NULL,
    place text,
    error text,
    sender bigint,
    claimed bigint,
    UNIQUE (deployment, name)
);
CREATE INDEX outbox_by_state ON greenlight.outbox (state, due);
