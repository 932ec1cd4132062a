ALTER TABLE jobs
    -- When it was seen here that the job's node had handed it back; NULL for every other end.
    ADD COLUMN handed_back_at timestamptz;

CREATE INDEX jobs_handed_back ON jobs (user_wallet, handed_back_at) WHERE handed_back_at IS NOT NULL;
