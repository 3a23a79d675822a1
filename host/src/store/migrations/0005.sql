-- Pages that a watch has read to the end, and what their site calls the state they were in.
CREATE TABLE known_page (
    watch    TEXT NOT NULL,
    request  BLOB NOT NULL,              -- SHA-256 of the request
    reader   BLOB NOT NULL,              -- SHA-256 of the plugin's digest and the watch
    since    INTEGER NOT NULL,           -- from when on posts were looked for
    etag     TEXT,
    modified TEXT,
    read     INTEGER NOT NULL,           -- when the whole page was last read
    PRIMARY KEY (watch, request)
) WITHOUT ROWID;
