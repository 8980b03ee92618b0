-- Checksums of rows that change, and the minimum row counts of their tables. The program computes the checksums of
-- existing rows.
ALTER TABLE outbox ADD COLUMN checksum BLOB;
ALTER TABLE messages ADD COLUMN checksum BLOB;
ALTER TABLE hints ADD COLUMN checksum BLOB;
ALTER TABLE leases ADD COLUMN checksum BLOB;
ALTER TABLE live_commits ADD COLUMN checksum BLOB;
INSERT INTO anchors (name, row_count) SELECT 'outbox', count(*) FROM outbox;
INSERT INTO anchors (name, row_count) SELECT 'messages', count(*) FROM messages;
INSERT INTO anchors (name, row_count) SELECT 'hints', count(*) FROM hints;
INSERT INTO anchors (name, row_count) SELECT 'leases', count(*) FROM leases;
INSERT INTO anchors (name, row_count) SELECT 'live_commits', count(*) FROM live_commits;
