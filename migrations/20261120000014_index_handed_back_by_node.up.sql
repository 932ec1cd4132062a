-- How many jobs each node has handed back of late.
CREATE INDEX jobs_handed_back_by_node ON jobs (node, handed_back_at) WHERE handed_back_at IS NOT NULL;
