ALTER TABLE chain_writes
    -- Times it was put off: the next delay follows from it.
    ADD COLUMN retries integer NOT NULL DEFAULT 0 CHECK (retries >= 0),
    -- Failed, and no other node would have helped: the job is not placed again.
    -- A failed assignment without it is one that the chain refused this node.
    ADD COLUMN hopeless boolean NOT NULL DEFAULT false;
