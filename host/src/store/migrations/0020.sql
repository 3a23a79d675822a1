-- Cases made of closed incidents. `life` is the fold of their events, which lie in the chain of their incident; no word
-- that was hidden stands in `body`. Nothing here refers to posts: a case outlives them.
CREATE TABLE casebook (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,  -- events name it: never given again
    incident INTEGER NOT NULL,
    life     TEXT NOT NULL,              -- JSON
    body     TEXT NOT NULL               -- JSON
);
-- The words of released cases.
CREATE VIRTUAL TABLE casebook_text USING fts5 (
    tokens, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
