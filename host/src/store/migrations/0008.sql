-- What deletion and looks look for by post and by capture.
CREATE INDEX topic_post_row ON topic_post (row);
CREATE INDEX link_row ON link (row);
CREATE INDEX look_capture ON look (capture) WHERE capture IS NOT NULL;

-- Posts of replayed recordings cannot be visited, unless somebody handed them in.
DELETE FROM revisit WHERE row IN (
    SELECT p.row FROM post p JOIN sweep s ON s.id = p.sweep JOIN watch w ON w.id = s.watch
    WHERE json_extract(w.body, '$.recorded') = 1
) AND row NOT IN (SELECT row FROM submission);
