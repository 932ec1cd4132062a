-- Only named here: Postgres lets no statement of the same transaction use a new name.
ALTER TYPE job_state ADD VALUE IF NOT EXISTS 'disputed';
ALTER TYPE job_state ADD VALUE IF NOT EXISTS 'resolved';
ALTER TYPE chain_write_kind ADD VALUE IF NOT EXISTS 'expire_dispute';
