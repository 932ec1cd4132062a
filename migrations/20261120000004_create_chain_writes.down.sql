DROP TABLE chain_writes;
DROP FUNCTION notify_chain_write();
DROP TYPE chain_write_state;
DROP TYPE chain_write_kind;
