ALTER TABLE nodes DROP COLUMN circuits;
