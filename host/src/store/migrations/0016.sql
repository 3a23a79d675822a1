-- 1: counted for early warning although its page gives no date. Others are counted if their page gives one.
ALTER TABLE mention ADD COLUMN counted INTEGER NOT NULL DEFAULT 0;

-- The operator's media, in their order.
CREATE TABLE medium (
    place INTEGER PRIMARY KEY,
    body  TEXT NOT NULL                  -- JSON
);
