-- Freezes that people write: no deployment begins in an environment, or in all of them, until a freeze ends. The token
-- makes writing idempotent.
CREATE TABLE greenlight.freezes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at bigint NOT NULL,
    environment text,
    ends bigint,
    person text NOT NULL,
    reason text NOT NULL,
    thawed bigint,
    thawed_by text,
    thaw_reason text,
    token bigint NOT NULL UNIQUE,
    checksum bytea
);
INSERT INTO greenlight.anchors (name, row_count) VALUES ('freezes', 0);
