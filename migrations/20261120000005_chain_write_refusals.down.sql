ALTER TABLE chain_writes DROP COLUMN retries, DROP COLUMN hopeless;
