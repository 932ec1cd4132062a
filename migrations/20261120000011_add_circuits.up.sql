ALTER TABLE nodes
    -- Ids of the circuits that it makes proofs with, 32 bytes each; from its announcement.
    ADD COLUMN circuits bytea[] NOT NULL DEFAULT '{}';
