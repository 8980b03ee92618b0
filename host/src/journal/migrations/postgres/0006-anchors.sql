-- Minimum row counts, which detect missing rows: the number of records of each deployment with the checksum of its last
-- record, the number of deployments, and the number of deployment requests. A deployment request has a checksum. The
-- program computes the checksums of existing requests.
ALTER TABLE greenlight.deployments ADD COLUMN record_count bigint NOT NULL DEFAULT 0;
ALTER TABLE greenlight.deployments ADD COLUMN last_checksum bytea;
UPDATE greenlight.deployments SET
    record_count = (SELECT coalesce(max(position), 0) FROM greenlight.records WHERE deployment = number),
    last_checksum = (SELECT checksum FROM greenlight.records WHERE deployment = number
        ORDER BY position DESC LIMIT 1);
ALTER TABLE greenlight.starts ADD COLUMN checksum bytea;
CREATE TABLE greenlight.anchors (
    name text PRIMARY KEY,
    row_count bigint NOT NULL
);
INSERT INTO greenlight.anchors (name, row_count) SELECT 'deployments', count(*) FROM greenlight.deployments;
INSERT INTO greenlight.anchors (name, row_count) SELECT 'starts', count(*) FROM greenlight.starts;
