-- Postgres cannot drop a value of an enumeration: the names stay, and nothing uses them.
DELETE FROM chain_writes WHERE kind IN
    ('pin_slot_hash', 'show_nonce', 'draw_challenge', 'settle_refuted', 'close_transcript');
