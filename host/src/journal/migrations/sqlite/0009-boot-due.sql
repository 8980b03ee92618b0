-- The ends of claims and delays by the boot clock of the machine, which changes of the system clock don't affect. The
-- checksums of rows leave these columns out, as they leave out the same times by the system clock. Rows of earlier
-- versions have NULL, and the system clock decides about them.
ALTER TABLE hints ADD COLUMN boot TEXT;
ALTER TABLE hints ADD COLUMN boot_again_at INTEGER;
ALTER TABLE hints ADD COLUMN boot_expires INTEGER;
ALTER TABLE starts ADD COLUMN boot TEXT;
ALTER TABLE starts ADD COLUMN boot_again_at INTEGER;
ALTER TABLE starts ADD COLUMN boot_expires INTEGER;
ALTER TABLE outbox ADD COLUMN boot TEXT;
ALTER TABLE outbox ADD COLUMN boot_at INTEGER;
ALTER TABLE outbox ADD COLUMN boot_due INTEGER;
