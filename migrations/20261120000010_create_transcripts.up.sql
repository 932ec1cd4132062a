ALTER TABLE jobs
    -- What the job's escrow has to pin about its proof; absent for a job without one.
    ADD COLUMN tier text CHECK (tier IN ('zk-exact', 'audited', 'audited-tolerant', 'replicated')),
    ADD COLUMN samples smallint CHECK (samples BETWEEN 0 AND 255),
    ADD COLUMN circuit bytea CHECK (octet_length(circuit) = 32),
    ADD COLUMN runtime_class bytea CHECK (octet_length(runtime_class) = 32),
    -- What the user has to know about the proof. Unlike `message`, nothing that happens later replaces it.
    ADD COLUMN warning text NOT NULL DEFAULT '',
    ADD CONSTRAINT jobs_whole_verification CHECK (num_nulls(tier, samples, circuit, runtime_class) IN (0, 4));

DROP TRIGGER jobs_changed ON jobs;
CREATE TRIGGER jobs_changed
    AFTER INSERT OR UPDATE OF state, node, epochs_done, assign_signature, message, warning
    ON jobs FOR EACH ROW EXECUTE FUNCTION notify_job_change();

-- The transcript of each job with a proof.
CREATE TABLE transcripts (
    job_id uuid PRIMARY KEY REFERENCES jobs (id),
    -- Goes into the challenge. Nobody may know it before the chain has fixed the slot hash that goes in with it.
    coordinator_nonce bytea NOT NULL CHECK (octet_length(coordinator_nonce) = 32),
    -- The account as last read, and 'closed' once it is gone for good; NULL before it was first seen.
    stage text CHECK (stage IN
        ('opened', 'committed', 'revealed', 'verified', 'full_audit', 'refuted', 'closed')),
    -- When its escrow was created, by the chain's clock: another one is another job's.
    escrow_created_at bigint,
    -- Whether the root that the node has committed to is the one over the heads below; NULL before
    -- both are there.
    heads_agree boolean,
    -- When the job was first seen settled.
    settled_at timestamptz
);

CREATE INDEX transcripts_open ON transcripts (job_id) WHERE stage IS DISTINCT FROM 'closed';

-- Heads of the hash chain, as the node has streamed them: fixed before the challenge could be known.
CREATE TABLE transcript_heads (
    job_id uuid NOT NULL REFERENCES transcripts (job_id),
    epoch integer NOT NULL CHECK (epoch > 0),
    head bytea NOT NULL CHECK (octet_length(head) = 32),
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job_id, epoch)
);
