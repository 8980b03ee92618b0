-- The columns are NULL in PostgreSQL: the clock of the server decides when a claim ends and when a delay is over.
ALTER TABLE hints ADD COLUMN boot text;
ALTER TABLE hints ADD COLUMN boot_again_at bigint;
ALTER TABLE hints ADD COLUMN boot_expires bigint;
ALTER TABLE starts ADD COLUMN boot text;
ALTER TABLE starts ADD COLUMN boot_again_at bigint;
ALTER TABLE starts ADD COLUMN boot_expires bigint;
ALTER TABLE outbox ADD COLUMN boot text;
ALTER TABLE outbox ADD COLUMN boot_at bigint;
ALTER TABLE outbox ADD COLUMN boot_due bigint;
