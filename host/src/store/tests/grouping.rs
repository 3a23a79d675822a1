//! Which incident a post joins, and what a person decides of it.

use super::*;

#[test]
fn posts_are_grouped_and_say_why() {
    let (dir, store) = store();
    let story = format!("{}水厂改造", text(1));
    let mut origin = prepared(post("1", &story));
    origin.labels = vec![label("suggestion", 0.5)];
    store.ingest(batch(vec![origin])).unwrap();

    let mut comment = prepared(post("2", "同意"));
    comment.post.parent = Some("1".into());
    comment.labels = vec![label("problem", 0.9)];
    let mut pointer = prepared(post("3", &text(3)));
    pointer.links.push("https://bbs.example/thread/1.html".into());
    let copy = prepared(post("4", &story));
    let mut unasked = prepared(post("5", &story));
    unasked.topics = None;
    let done = store.ingest(batch(vec![comment, pointer, copy, unasked])).unwrap();
    assert_eq!((done.new, done.matched, done.opened, done.joined), (4, 3, vec![], vec![1]));

    // The index of near-duplicates survives a restart.
    drop(store);
    let store = Store::open(dir.path(), None).unwrap();
    assert_eq!(store.ingest(batch(vec![prepared(post("6", &story))])).unwrap().joined, [1]);

    let reader = store.reader().unwrap();
    let why = |id: &str| all_posts(&reader).into_iter().find(|p| p.id == id).unwrap().why;
    let address = "https://bbs.example/thread/1.html".to_owned();
    assert_eq!(why("1"), None);
    assert_eq!(why("2"), Some(Why::Parent { to: address.clone() }));
    assert_eq!(why("3"), Some(Why::Link { url: address }));
    assert!(matches!(why("4"), Some(Why::Near { similarity, .. }) if similarity > 0.99));
    assert!(matches!(why("6"), Some(Why::Near { .. })));
    assert_eq!(all_posts(&reader).into_iter().find(|p| p.id == "5").unwrap().incident, None);
    let incident = reader.incident(1).unwrap().unwrap();
    assert_eq!((incident.posts, incident.sites, incident.category), (5, 1, Some(Category::Problem)));
}

#[test]
fn roots_and_addresses_of_many_incidents_join_nothing() {
    let (_dir, store) = store();
    let with = |id: &str, n, link: &str| {
        let mut p = prepared(post(id, &text(n)));
        p.links = vec![link.into()];
        batch(vec![p])
    };
    for n in 0..3 {
        assert_eq!(store.ingest(with(&format!("r{n}"), n, "https://gov.example/")).unwrap().opened.len(), 1);
    }
    // Two incidents that lead to one address: neither is meant.
    let reader = store.reader().unwrap();
    let mut far = with("a", 10, "https://gov.example/policy-12345.html");
    far.posts[0].post.published = Some(NOW - 90 * 86_400);
    assert_eq!(store.ingest(far).unwrap().opened.len(), 1);
    assert_eq!(store.ingest(with("b", 11, "https://gov.example/policy-12345.html")).unwrap().opened.len(), 1);
    assert_eq!(store.ingest(with("c", 12, "https://gov.example/policy-12345.html")).unwrap().joined.len(), 1);
    assert_eq!(reader.figures().unwrap().open, 5);
}

#[test]
fn first_sight_is_the_earliest_capture_and_a_person_decides() {
    let (_dir, store) = store();
    let story = text(1);
    let mut first = prepared(post("1", &story));
    first.labels = vec![label("sensitive", 0.6)];
    store.ingest(batch(vec![first])).unwrap();
    let mut earlier = batch(vec![prepared(post("2", &story))]);
    earlier.captured = NOW - 500;
    store.ingest(earlier).unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(reader.incident(1).unwrap().unwrap().opened, NOW - 500);

    let head = head(&store);
    assess(&store, &head, 1, Category::Problem, NOW).unwrap();
    let missing = assess(&store, &head, 99, Category::Problem, NOW).unwrap_err();
    assert_eq!(missing.to_string(), "no such incident: 99");

    // A later suggestion is recorded and changes nothing.
    let mut later = prepared(post("3", &story));
    later.labels = vec![label("emergency", 1.0)];
    assert_eq!(store.ingest(batch(vec![later])).unwrap().joined, [1]);
    let row = reader.incident(1).unwrap().unwrap();
    assert_eq!((row.category, row.category_by.as_deref()), (Some(Category::Problem), Some("head")));
    assert_eq!((row.state, row.level.as_deref()), (State::Handling, Some("iv")));
    assert_eq!(reader.figures().unwrap().new, 0);
    assert_eq!(reader.figures().unwrap().open, 1);

    let history = reader.history(1).unwrap();
    let folded = replay(&history);
    assert_eq!((folded.opened, folded.posts, folded.state), (row.opened, row.posts, row.state));
    assert_eq!(folded.category(), Some((Category::Problem, "head")));
    let note = history.iter().find_map(|r| match &r.event {
        Event::Assessed { note, .. } => Some(note.id),
        _ => None,
    });
    assert_eq!(reader.note(note.unwrap()).unwrap().as_deref(), Some("张三确有其事"));
}
