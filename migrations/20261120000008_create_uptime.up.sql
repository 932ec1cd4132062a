-- How often each node was found up, and how much of it the chain has been told.
CREATE TABLE uptime (
    owner bytea PRIMARY KEY REFERENCES nodes (owner),
    -- Not told yet.
    up smallint NOT NULL CHECK (up BETWEEN 0 AND total),
    total smallint NOT NULL CHECK (total <= 120),
    sampled_at timestamptz NOT NULL DEFAULT now(),
    -- The part of it that a transaction under way tells.
    sent_up smallint NOT NULL DEFAULT 0 CHECK (sent_up BETWEEN 0 AND up),
    sent_total smallint NOT NULL DEFAULT 0 CHECK (sent_total BETWEEN sent_up AND total),
    -- Unix seconds of the chain's clock: its last report that is not in the counts any more.
    reported_at bigint NOT NULL DEFAULT 0,
    -- Until then nobody looks at the row, or one replica does.
    due_at timestamptz NOT NULL
);

CREATE INDEX uptime_due ON uptime (due_at);
