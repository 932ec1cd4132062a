CREATE TYPE job_state AS ENUM (
    'reserved', 'funded', 'assigned', 'training', 'submitted', 'cancelling',
    'paid', 'cancelled', 'refunded', 'failed', 'timed_out', 'expired'
);

CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    -- "user" is a word of SQL.
    user_wallet bytea NOT NULL CHECK (octet_length(user_wallet) = 32),
    escrow bytea NOT NULL UNIQUE CHECK (octet_length(escrow) = 32),
    name text NOT NULL,
    -- Canonical JSON.
    spec bytea NOT NULL,
    spec_hash bytea NOT NULL CHECK (octet_length(spec_hash) = 32),
    row_count bigint NOT NULL CHECK (row_count > 0),
    dataset_root bytea NOT NULL CHECK (octet_length(dataset_root) = 32),
    dataset_bytes bigint NOT NULL CHECK (dataset_bytes > 0),
    required_epochs bigint NOT NULL CHECK (required_epochs > 0),
    -- Base units.
    amount bigint NOT NULL CHECK (amount > 0),
    estimated_seconds bigint NOT NULL CHECK (estimated_seconds > 0),
    timeout_seconds bigint NOT NULL CHECK (timeout_seconds > 0),
    state job_state NOT NULL,
    -- Held for the job, or named by the chain; absent while a funded job waits for one.
    node bytea REFERENCES nodes (owner),
    epochs_done bigint NOT NULL DEFAULT 0 CHECK (epochs_done >= 0),
    assign_signature text NOT NULL DEFAULT '',
    escrow_signature text NOT NULL DEFAULT '',
    message text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    reserved_until timestamptz NOT NULL,

    -- The escrow account as last read. `seq` counts its changes and `slot` is
    -- when it was read: neither ever goes back. NULL before it was first seen.
    escrow_state text,
    seq bigint CHECK (seq >= 0),
    slot bigint CHECK (slot >= 0),
    -- Unix second from which anyone may end the escrow's present state.
    due_at bigint
);

-- A node works on one job at a time. The transaction that places a job holds
-- the node's row; this stands behind it.
CREATE UNIQUE INDEX jobs_one_placement_a_node ON jobs (node)
    WHERE state IN ('reserved', 'funded');
CREATE INDEX jobs_of_user ON jobs (user_wallet, created_at DESC, id);
CREATE INDEX jobs_unsettled ON jobs (state)
    WHERE state IN ('reserved', 'funded', 'assigned', 'training', 'submitted', 'cancelling');
CREATE INDEX jobs_of_node ON jobs (node)
    WHERE state IN ('reserved', 'funded', 'assigned', 'training');
CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL;

CREATE FUNCTION notify_job_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(
        'jobs',
        NEW.id::text || ' ' || NEW.state::text || ' ' || coalesce(encode(NEW.node, 'hex'), '')
    );
    RETURN NULL;
END
$$;

CREATE TRIGGER jobs_changed AFTER INSERT OR UPDATE OF state, node, epochs_done, assign_signature, message
    ON jobs FOR EACH ROW EXECUTE FUNCTION notify_job_change();
