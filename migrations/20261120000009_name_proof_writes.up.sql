-- Only named here: Postgres lets no statement of the same transaction use a new name.
ALTER TYPE chain_write_kind ADD VALUE IF NOT EXISTS 'pin_slot_hash';
ALTER TYPE chain_write_kind ADD VALUE IF NOT EXISTS 'show_nonce';
ALTER TYPE chain_write_kind ADD VALUE IF NOT EXISTS 'draw_challenge';
ALTER TYPE chain_write_kind ADD VALUE IF NOT EXISTS 'settle_refuted';
ALTER TYPE chain_write_kind ADD VALUE IF NOT EXISTS 'close_transcript';
