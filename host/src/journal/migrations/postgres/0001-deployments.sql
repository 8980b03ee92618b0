-- Deployments, their records, and leases on environments.
CREATE TABLE greenlight.about (version integer NOT NULL);
CREATE TABLE greenlight.deployments (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tag text NOT NULL,
    digest text,
    commit_id text NOT NULL,
    began bigint NOT NULL,
    conclusion text,
    token bigint NOT NULL UNIQUE
);
CREATE INDEX deployments_by_commit ON greenlight.deployments (commit_id);
CREATE TABLE greenlight.records (
    deployment bigint NOT NULL REFERENCES greenlight.deployments,
    position bigint NOT NULL,
    at bigint NOT NULL,
    body text NOT NULL,
    checksum bytea NOT NULL,
    writer bigint NOT NULL,
    PRIMARY KEY (deployment, position)
);
CREATE TABLE greenlight.leases (
    environment text PRIMARY KEY,
    fence bigint NOT NULL,
    deployment bigint NOT NULL,
    commit_id text NOT NULL,
    holder text,
    expires bigint NOT NULL
);
