ALTER TABLE jobs DROP COLUMN handed_back_at;
