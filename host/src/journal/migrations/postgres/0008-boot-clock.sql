-- The columns are NULL in PostgreSQL: the clock of the server decides when a lease expires.
ALTER TABLE leases ADD COLUMN boot text;
ALTER TABLE leases ADD COLUMN boot_expires bigint;
-- The program recomputes the checksums.
UPDATE leases SET checksum = NULL;
