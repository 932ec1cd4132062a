-- Sign-ins under way. A row is deleted by the sign-in that uses it, so that a
-- challenge counts once.
CREATE TABLE challenges (
    id uuid PRIMARY KEY,
    wallet bytea NOT NULL CHECK (octet_length(wallet) = 32),
    nonce bytea NOT NULL CHECK (octet_length(nonce) = 16),
    -- Unix seconds, as signed.
    expires_at bigint NOT NULL
);

CREATE INDEX challenges_expires_at ON challenges (expires_at);
