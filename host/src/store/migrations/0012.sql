-- At most so many posts of one day are mentions of a topic; the day begins `utc_offset` seconds before it does in UTC.
ALTER TABLE topic ADD COLUMN cap INTEGER;
ALTER TABLE topic ADD COLUMN utc_offset INTEGER NOT NULL DEFAULT 0;

-- What was taken of topics with a cap, and what was over.
CREATE TABLE topic_day (
    topic INTEGER NOT NULL,
    day   INTEGER NOT NULL,              -- number of the day of publication, from 1970-01-01
    taken INTEGER NOT NULL DEFAULT 0,
    over  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, day)
) WITHOUT ROWID;
CREATE TABLE topic_over (
    topic INTEGER NOT NULL,
    row   INTEGER NOT NULL,
    PRIMARY KEY (topic, row)
) WITHOUT ROWID;
CREATE INDEX topic_over_row ON topic_over (row);
