-- The columns stay empty here: the server's clock decides when a lease expires.
ALTER TABLE leases ADD COLUMN boot text;
ALTER TABLE leases ADD COLUMN boot_expires bigint;
-- The program computes the checksums again.
UPDATE leases SET checksum = NULL;
