ALTER TABLE nodes
    -- Hashes of the runtime classes that it keeps, 32 bytes each; from its announcement.
    ADD COLUMN runtime_classes bytea[] NOT NULL DEFAULT '{}';
