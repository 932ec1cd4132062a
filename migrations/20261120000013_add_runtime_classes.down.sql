ALTER TABLE nodes DROP COLUMN runtime_classes;
