-- Nodes that announced themselves. All above `free_vram_mib` mirrors the chain.
CREATE TABLE nodes (
    owner bytea PRIMARY KEY CHECK (octet_length(owner) = 32),
    endpoint text NOT NULL,
    region text NOT NULL,
    device text NOT NULL,
    vram_mib bigint NOT NULL CHECK (vram_mib >= 0),
    ram_mib bigint NOT NULL CHECK (ram_mib >= 0),
    rate_milli bigint NOT NULL CHECK (rate_milli > 0),
    -- Base units.
    stake bigint NOT NULL CHECK (stake >= 0),
    free_stake bigint NOT NULL CHECK (free_stake >= 0 AND free_stake <= stake),
    active_jobs bigint NOT NULL CHECK (active_jobs >= 0),
    -- Unix seconds of the chain's clock.
    suspended_until bigint NOT NULL,
    banned boolean NOT NULL,
    -- 0 to 1000; 0 without a record.
    reputation smallint NOT NULL CHECK (reputation BETWEEN 0 AND 1000),
    seq bigint NOT NULL CHECK (seq >= 0),
    slot bigint NOT NULL CHECK (slot >= 0),
    free_vram_mib bigint NOT NULL CHECK (free_vram_mib >= 0),
    free_ram_mib bigint NOT NULL CHECK (free_ram_mib >= 0),
    version text NOT NULL,
    -- The heartbeat stream that speaks for the node; a later one takes over.
    stream uuid,
    last_seen timestamptz NOT NULL DEFAULT now()
);
