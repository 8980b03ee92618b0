-- What each table must have at least, so that missing rows are noticed: of a deployment how many records and the
-- checksum of the last one; how many deployments and deployment requests there are. A deployment request has a
-- checksum, which the program computes for existing ones.
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
