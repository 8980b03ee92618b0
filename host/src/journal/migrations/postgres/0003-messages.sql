-- Messages to the process that drives a deployment. The token makes sending idempotent.
CREATE TABLE greenlight.messages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    deployment bigint NOT NULL REFERENCES greenlight.deployments,
    at bigint NOT NULL,
    body text NOT NULL,
    token bigint NOT NULL UNIQUE
);
CREATE INDEX messages_by_deployment ON greenlight.messages (deployment, id);
