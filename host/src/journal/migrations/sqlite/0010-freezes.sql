-- Freezes that people write: no deployment begins in an environment, or in all of them, until a freeze ends. The token
-- makes writing idempotent.
CREATE TABLE freezes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    environment TEXT,
    ends INTEGER,
    person TEXT NOT NULL,
    reason TEXT NOT NULL,
    thawed INTEGER,
    thawed_by TEXT,
    thaw_reason TEXT,
    token INTEGER NOT NULL UNIQUE,
    checksum BLOB
) STRICT;
INSERT INTO anchors (name, row_count) VALUES ('freezes', 0);
