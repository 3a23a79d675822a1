-- What an incident is about, in words: by which a post in other words finds it.
ALTER TABLE incident ADD COLUMN matter BLOB;
