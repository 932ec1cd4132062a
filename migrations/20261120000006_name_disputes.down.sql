-- Postgres cannot drop a value of an enumeration: the names stay, and nothing uses them.
DELETE FROM chain_writes WHERE kind = 'expire_dispute';
UPDATE jobs SET state = 'submitted' WHERE state = 'disputed';
UPDATE jobs SET state = 'paid' WHERE state = 'resolved';
