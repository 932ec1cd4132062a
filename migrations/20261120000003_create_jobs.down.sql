DROP TABLE jobs;
DROP FUNCTION notify_job_change();
DROP TYPE job_state;
