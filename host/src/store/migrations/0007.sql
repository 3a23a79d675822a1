-- Pages that a site called unchanged: a sweep that met some has not seen all that it counts by.
ALTER TABLE sweep ADD COLUMN unchanged INTEGER NOT NULL DEFAULT 0;
