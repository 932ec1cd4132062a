DROP INDEX jobs_unsettled;
CREATE INDEX jobs_unsettled ON jobs (state)
    WHERE state IN ('reserved', 'funded', 'assigned', 'training', 'submitted', 'cancelling', 'disputed');
