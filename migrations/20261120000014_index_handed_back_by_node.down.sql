DROP INDEX jobs_handed_back_by_node;
