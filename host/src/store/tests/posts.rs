//! Posts on their way in: new, changed, known; versions, votes, sites.

use super::*;

#[test]
fn a_post_comes_out_as_it_went_in() {
    let (_dir, store) = store();
    let mut p = prepared(post("1", "自来水浑浊，没有人管"));
    p.post.title = Some("水".into());
    p.post.publisher = Some("某报".into());
    p.post.reactions = Reactions { views: Some(u64::MAX), likes: Some(2), replies: None, shares: Some(0) };
    p.topics = Some(vec!["供水".into()]);
    p.labels = vec![label("problem", 0.75)];
    let done = store.ingest(batch(vec![p.clone()])).unwrap();
    assert_eq!(done, Ingested { new: 1, matched: 1, opened: vec![1], ..Ingested::default() });
    let reader = store.reader().unwrap();
    let row = all_posts(&reader).remove(0);
    assert_eq!(super::super::second(row.row), NOW - 3600);
    let expected = PostRow {
        row: row.row,
        plugin: "feed".into(),
        site: "bbs.example".into(),
        id: "1".into(),
        kind: Kind::Post,
        url: p.post.url.clone(),
        title: Some("水".into()),
        text: p.post.text.clone(),
        author: Some("p-1".into()),
        publisher: Some("某报".into()),
        published: Some(NOW - 3600),
        day_only: false,
        captured: NOW,
        version: 1,
        reactions: Reactions { views: Some(i64::MAX as u64), ..p.post.reactions },
        topics: vec!["供水".into()],
        labels: p.labels.clone(),
        incident: Some(1),
        why: None,
        submitted: None,
        notes: vec![],
        failure: None,
    };
    assert_eq!(row, expected);
    let incident = reader.incident(1).unwrap().unwrap();
    assert_eq!((incident.title.as_str(), incident.posts, incident.sites), ("水", 1, 1));
    assert_eq!((incident.opened, incident.latest), (NOW, NOW - 3600));
    assert_eq!(incident.category, Some(Category::Problem));
    assert_eq!(incident.category_by.as_deref(), Some("triage@0.1.0"));
    assert_eq!(incident.state, State::New);
}

#[test]
fn what_was_said_with_a_post_comes_with_it_and_a_plugin_cannot_claim_a_failure() {
    let (_dir, store) = store();
    let reader = store.reader().unwrap();
    let unread = Post { extra: vec![("failure".into(), "feed: 503".into())], ..post("1", "群里转来的") };
    let submit = |plugin: &str, post: &Post, note: Option<&str>, at| {
        let by = Caller { token: None, account: 1 };
        let (plugin, site, note) = (plugin.to_owned(), "bbs.example".to_owned(), note.map(str::to_owned));
        store.submit(Submission { plugin, site, at, prepared: prepared(post.clone()), note, by }).unwrap()
    };
    submit("submitted", &unread, Some("看看"), NOW);
    submit("submitted", &unread, None, NOW + 1);
    submit("submitted", &unread, Some("又有人转"), NOW + 2);
    let row = reader.post("submitted", "bbs.example", "1").unwrap().unwrap();
    assert_eq!((row.notes, row.failure.as_deref()), (vec!["看看".into(), "又有人转".into()], Some("feed: 503")));
    submit("feed", &unread, None, NOW + 3);
    let row = reader.post("feed", "bbs.example", "1").unwrap().unwrap();
    assert_eq!((row.notes, row.failure), (vec![], None));
}

#[test]
fn the_same_batch_twice_adds_nothing() {
    let (_dir, store) = store();
    let posts: Vec<_> = (0..20).map(|n| prepared(post(&n.to_string(), &text(n)))).collect();
    assert_eq!(store.ingest(batch(posts.clone())).unwrap().new, 20);
    let reader = store.reader().unwrap();
    let before = (all_posts(&reader), reader.verify_chain(None).unwrap().unwrap(), reader.figures().unwrap());
    assert_eq!(store.ingest(batch(posts)).unwrap(), Ingested::default());
    let after = (all_posts(&reader), reader.verify_chain(None).unwrap().unwrap(), reader.figures().unwrap());
    assert_eq!(before, after);
    assert_eq!(after.2.posts, 20);
    assert_eq!((after.2.mentions, after.2.open, after.2.new), (20, 20, 20));
}

#[test]
fn only_title_and_text_make_a_version() {
    let (dir, store) = store();
    let first = prepared(post("1", "旧的说法"));
    store.ingest(batch(vec![first.clone()])).unwrap();
    let reader = store.reader().unwrap();

    let mut liked = first.clone();
    liked.post.reactions.likes = Some(5);
    let posts = [first.post.clone(), liked.post.clone(), post("2", "别的")];
    assert_eq!(reader.unseen("feed", "bbs.example", &posts).unwrap(), [Novelty::Known, Novelty::Known, Novelty::New]);
    assert_eq!(reader.unseen("feed", "bbs.example", &posts[1..2]).unwrap(), [Novelty::Reactions]);
    assert_eq!(store.ingest(batch(vec![liked.clone()])).unwrap(), Ingested::default());
    let row = all_posts(&reader).remove(0);
    assert_eq!((row.version, row.reactions.likes), (1, Some(5)));
    // A sight that does not say keeps what was said before.
    assert_eq!(store.touch("feed", "bbs.example", vec![("1".into(), Reactions::default())]).unwrap(), 0);
    let viewed = Reactions { views: Some(9), ..Reactions::default() };
    assert_eq!(store.touch("feed", "bbs.example", vec![("1".into(), viewed), ("x".into(), viewed)]).unwrap(), 1);

    let changed = prepared(post("1", "新的说法"));
    assert_eq!(reader.unseen("feed", "bbs.example", std::slice::from_ref(&changed.post)).unwrap(), [Novelty::Changed]);
    let done = store.ingest(batch(vec![changed])).unwrap();
    assert_eq!((done.new, done.changed, done.matched), (0, 1, 1));
    assert!(done.opened.is_empty() && done.joined.is_empty());
    let row = all_posts(&reader).remove(0);
    assert_eq!((row.version, row.text.as_str()), (2, "新的说法"));
    assert_eq!((row.reactions.likes, row.reactions.views), (Some(5), Some(9)));
    let find =
        |token: &str| reader.posts(&PostQuery { words: Some(format!("\"{token}\"")), ..PostQuery::default() }).unwrap();
    assert_eq!((find("旧").len(), find("新").len()), (0, 1));
    let raw = Connection::open(dir.path().join(schema::FILE)).unwrap();
    let old: String = raw.query_row("SELECT text FROM post_version WHERE version = 1", [], |r| r.get(0)).unwrap();
    assert_eq!(old, "旧的说法");
}

#[test]
fn a_post_has_one_vote_also_after_it_left_its_topic_for_a_while() {
    let (dir, store) = store();
    let sight = |text: &str, category: Option<&str>| {
        let mut p = prepared(post("1", text));
        p.topics = category.map(|_| vec![]);
        p.labels = category.map(|c| label(c, 0.9)).into_iter().collect();
        store.ingest(batch(vec![p])).unwrap();
        let reader = store.reader().unwrap();
        reader.incident(1).unwrap().unwrap().category
    };
    assert_eq!(sight("停水了", Some("problem")), Some(Category::Problem));
    assert_eq!(sight("今天天气很好", None), None, "its say goes with the text that it was about");
    assert_eq!(sight("又停水了", Some("problem")), Some(Category::Problem));
    let raw = Connection::open(dir.path().join(schema::FILE)).unwrap();
    let opinion: String = raw.query_row("SELECT opinion FROM incident", [], |r| r.get(0)).unwrap();
    let opinion: Opinion = serde_json::from_str(&opinion).unwrap();
    assert_eq!(opinion.suggestion().map(|s| (s.posts, s.of)), Some((1, 1)));
}

#[test]
fn one_id_twice_on_a_page_counts_once() {
    let (_dir, store) = store();
    let page = vec![prepared(post("1", "甲")), prepared(post("1", "乙"))];
    let posts: Vec<_> = page.iter().map(|p| p.post.clone()).collect();
    assert_eq!(store.ingest(batch(page.clone())).unwrap().new, 1);
    assert_eq!(store.ingest(batch(page)).unwrap(), Ingested::default());
    let novelty = store.reader().unwrap().unseen("feed", "bbs.example", &posts).unwrap();
    assert_eq!(novelty, [Novelty::Known, Novelty::Known]);
}

#[test]
fn sites_do_not_touch_each_other() {
    let (_dir, store) = store();
    store.ingest(batch(vec![prepared(post("1", "原来的"))])).unwrap();
    let other = Batch { site: "evil.example".into(), ..batch(vec![prepared(post("1", "假的"))]) };
    assert_eq!(store.ingest(other).unwrap().new, 1);
    let posts = all_posts(&store.reader().unwrap());
    assert_eq!(posts.len(), 2);
    assert!(posts.iter().any(|p| p.text == "原来的" && p.version == 1));
}
