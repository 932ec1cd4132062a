DROP TABLE transcript_heads;
DROP TABLE transcripts;
DROP TRIGGER jobs_changed ON jobs;
CREATE TRIGGER jobs_changed AFTER INSERT OR UPDATE OF state, node, epochs_done, assign_signature, message
    ON jobs FOR EACH ROW EXECUTE FUNCTION notify_job_change();
ALTER TABLE jobs
    DROP CONSTRAINT jobs_whole_verification,
    DROP COLUMN tier,
    DROP COLUMN samples,
    DROP COLUMN circuit,
    DROP COLUMN runtime_class,
    DROP COLUMN warning;
