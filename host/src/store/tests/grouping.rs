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

#[test]
fn a_post_that_quotes_another_joins_it_whichever_came_first() {
    let notice = "因管网抢修，桥西路片区今晚八点起停水，预计明早六点恢复，请居民提前储水，不便之处敬请谅解。";
    let answer =
        format!("修管子总要停水的，但是热线没人接就太不应该了，希望好好整顿一下作风，大家说是不是//@云河发布:{notice}");
    let plain = |id: &str, text: &str| {
        let mut p = prepared(post(id, text));
        p.links.clear();
        batch(vec![p])
    };
    for (first, second) in [(notice, answer.as_str()), (&answer, notice)] {
        let (_dir, store) = store();
        store.ingest(plain("1", first)).unwrap();
        assert_eq!(store.ingest(plain("2", second)).unwrap().joined, [1]);
        let posts = all_posts(&store.reader().unwrap());
        let why = posts.into_iter().find(|p| p.id == "2").unwrap().why;
        assert!(matches!(&why, Some(Why::Quote { similarity, .. }) if *similarity > 0.9), "{why:?}");
    }
}

#[test]
fn a_copy_of_a_post_that_a_person_moved_follows_it() {
    let (_dir, store) = store();
    let plain = |id: &str, text: &str| {
        let mut p = prepared(post(id, text));
        p.links.clear();
        batch(vec![p])
    };
    store.ingest(plain("1", &text(1))).unwrap();
    store.ingest(plain("2", &format!("{}，又及", text(1)))).unwrap();
    store.ingest(plain("3", &text(3))).unwrap();
    // As a split does it: the second post now belongs to the incident of the third.
    let sql = "UPDATE mention SET incident = 2 WHERE row = (SELECT row FROM post WHERE id = '2');
               INSERT INTO moved SELECT row, 1 FROM post WHERE id = '2'";
    store.run(move |w| Ok(w.db.execute_batch(sql)?)).unwrap();
    assert_eq!(store.ingest(plain("4", &text(1))).unwrap().joined, [2]);
}

#[test]
fn an_incident_of_older_rules_stays_as_it_is() {
    let tokeniser = crate::text::tokens::Tokeniser::new();
    let worded = |id: &str, text: &str| {
        let mut p = prepared(post(id, text));
        p.telling = Telling::of(&tokeniser.cut(None, text));
        p.links.clear();
        batch(vec![p])
    };
    let plant = "青禾苑小区旁边的搅拌站噪音扰民，灰尘漫天，请环保局管一管";
    let again = "请问青禾苑附近的搅拌站什么时候搬走？孩子被灰尘呛得咳嗽，噪音也大";
    let (dir, store) = store();
    assert_eq!(store.ingest(worded("1", plant)).unwrap().opened, [1]);
    assert_eq!(store.ingest(worded("2", again)).unwrap().joined, [1]);
    drop(store);
    let db = Connection::open(dir.path().join(schema::FILE)).unwrap();
    db.execute("UPDATE incident SET algorithm = 'words/0'", []).unwrap();
    drop(db);

    let store = Store::open(dir.path(), None).unwrap();
    let third = "青禾苑的搅拌站又冒灰尘了，噪音吵得人睡不着";
    assert_eq!(store.ingest(worded("3", third)).unwrap().opened, [2], "its words were weighed by other rules");
    assert_eq!(store.ingest(worded("4", plant)).unwrap().joined, [1], "a copy is a copy by any rules");
    let member = |row: &PostRow| row.incident;
    let posts = all_posts(&store.reader().unwrap());
    let of = |id: &str| posts.iter().find(|p| p.id == id).and_then(member);
    assert_eq!([of("1"), of("2"), of("3"), of("4")], [Some(1), Some(1), Some(2), Some(1)]);
    let db = Connection::open(dir.path().join(schema::FILE)).unwrap();
    let rules = |id: i64| -> String {
        db.query_row("SELECT algorithm FROM incident WHERE id = ?1", [id], |r| r.get(0)).unwrap()
    };
    assert_eq!((rules(1).as_str(), rules(2).as_str()), ("words/0", crate::incident::group::ALGORITHM));
}

#[test]
fn a_post_from_the_middle_of_an_incident_joins_it_by_its_words() {
    let tokeniser = crate::text::tokens::Tokeniser::new();
    let (_dir, store) = store();
    let day = |id: &str, day: i64, text: &str| {
        let mut p = prepared(post(id, text));
        p.telling = Telling::of(&tokeniser.cut(None, text));
        p.post.published = Some(NOW - 400 * 86_400 + day * 86_400);
        p.links.clear();
        store.ingest(batch(vec![p])).unwrap()
    };
    assert_eq!(day("1", 0, "青禾苑小区旁边的搅拌站噪音扰民，灰尘漫天，请环保局管一管").opened, [1]);
    assert_eq!(day("2", 80, "请问青禾苑附近的搅拌站什么时候搬走？灰尘呛得人咳嗽，噪音也大").joined, [1]);
    assert_eq!(day("3", 160, "青禾苑的搅拌站又冒灰尘了，噪音吵得人睡不着").joined, [1]);
    assert_eq!(day("4", 10, "搅拌站的噪音太大，灰尘落满青禾苑小区").joined, [1], "heard late, but said in between");
    assert_eq!(day("5", 300, "搅拌站的噪音太大，灰尘落满青禾苑小区各处").opened.len(), 1, "long after the last");
}
