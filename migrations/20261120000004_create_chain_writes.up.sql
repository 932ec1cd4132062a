CREATE TYPE chain_write_kind AS ENUM (
    'assign_node', 'release', 'timeout_refund', 'expire_unassigned', 'settle_cancel'
);
CREATE TYPE chain_write_state AS ENUM ('intended', 'signed', 'landed', 'failed');

-- What the coordinator has to do on the chain. The row is committed with the
-- decision, and the signed transaction before it is sent: a crash at any point
-- finds here what may be under way.
CREATE TABLE chain_writes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES jobs (id),
    kind chain_write_kind NOT NULL,
    -- Whom to assign; only for assign_node.
    node bytea REFERENCES nodes (owner) CHECK ((kind = 'assign_node') = (node IS NOT NULL)),
    state chain_write_state NOT NULL DEFAULT 'intended',
    signature text,
    transaction bytea,
    -- The transaction can no longer land once the chain's height is above this.
    last_valid_block_height bigint,
    -- Transactions signed so far.
    attempts integer NOT NULL DEFAULT 0,
    -- Until then one replica works on the row.
    lease_until timestamptz NOT NULL DEFAULT now(),
    message text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (state <> 'signed' OR (
        signature IS NOT NULL AND transaction IS NOT NULL AND last_valid_block_height IS NOT NULL
    ))
);

-- Asking twice is asking once. A failed write may be tried anew, with another node perhaps.
CREATE UNIQUE INDEX chain_writes_once ON chain_writes (job_id, kind) WHERE state <> 'failed';
CREATE INDEX chain_writes_open ON chain_writes (lease_until) WHERE state IN ('intended', 'signed');

CREATE FUNCTION notify_chain_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('chain_writes', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER chain_writes_intended AFTER INSERT
    ON chain_writes FOR EACH ROW EXECUTE FUNCTION notify_chain_write();
