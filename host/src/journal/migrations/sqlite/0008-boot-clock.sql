-- When a lease expires by the clock that counts from the start of the machine. Nobody sets this clock.
ALTER TABLE leases ADD COLUMN boot TEXT;
ALTER TABLE leases ADD COLUMN boot_expires INTEGER;
-- The program computes the checksums again.
UPDATE leases SET checksum = NULL;
