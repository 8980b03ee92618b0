-- The expiry of a lease by the boot clock of the machine, which changes of the system clock don't affect.
ALTER TABLE leases ADD COLUMN boot TEXT;
ALTER TABLE leases ADD COLUMN boot_expires INTEGER;
-- The program recomputes the checksums.
UPDATE leases SET checksum = NULL;
