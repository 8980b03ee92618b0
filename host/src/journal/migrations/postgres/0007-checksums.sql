-- Checksums of rows that change, and the minimum row counts of their tables. The program computes the checksums of
-- existing rows.
ALTER TABLE greenlight.outbox ADD COLUMN checksum bytea;
ALTER TABLE greenlight.messages ADD COLUMN checksum bytea;
ALTER TABLE greenlight.hints ADD COLUMN checksum bytea;
ALTER TABLE greenlight.leases ADD COLUMN checksum bytea;
ALTER TABLE greenlight.live_commits ADD COLUMN checksum bytea;
INSERT INTO greenlight.anchors (name, row_count) SELECT 'outbox', count(*) FROM greenlight.outbox;
INSERT INTO greenlight.anchors (name, row_count) SELECT 'messages', count(*) FROM greenlight.messages;
INSERT INTO greenlight.anchors (name, row_count) SELECT 'hints', count(*) FROM greenlight.hints;
INSERT INTO greenlight.anchors (name, row_count) SELECT 'leases', count(*) FROM greenlight.leases;
INSERT INTO greenlight.anchors (name, row_count) SELECT 'live_commits', count(*) FROM greenlight.live_commits;
