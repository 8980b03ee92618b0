-- Minimum row counts, which detect missing rows: the number of records of each deployment with the checksum of its last
-- record, the number of deployments, and the number of deployment requests. A deployment request has a checksum. The
-- program computes the checksums of existing requests.
ALTER TABLE deployments ADD COLUMN record_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deployments ADD COLUMN last_checksum BLOB;
UPDATE deployments SET
    record_count = (SELECT coalesce(max(position), 0) FROM records WHERE deployment = number),
    last_checksum = (SELECT checksum FROM records WHERE deployment = number ORDER BY position DESC LIMIT 1);
ALTER TABLE starts ADD COLUMN checksum BLOB;
CREATE TABLE anchors (
    name TEXT PRIMARY KEY,
    row_count INTEGER NOT NULL
) STRICT;
INSERT INTO anchors (name, row_count) SELECT 'deployments', count(*) FROM deployments;
INSERT INTO anchors (name, row_count) SELECT 'starts', count(*) FROM starts;
