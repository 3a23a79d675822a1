//! How much of a topic is taken.

use super::*;
use crate::store::{FullDay, KeptTopic};
use crate::warning::Stage;
use crate::warning::stage::Standing;

const DAY: i64 = 86_400;

fn of_topic(n: u64, published: i64, topics: &[&str]) -> Prepared {
    let mut p = prepared(post(&n.to_string(), &text(n)));
    p.post.published = Some(published);
    p.topics = Some(topics.iter().map(|&name| name.to_owned()).collect());
    p
}

fn capped(store: &Store, cap: Option<u32>) {
    let topics = vec![KeptTopic { name: "水".into(), cap }, KeptTopic { name: "路".into(), cap: None }];
    store.configure_topics(topics, 28_800).unwrap();
}

#[test]
fn a_topic_takes_so_many_posts_of_a_day_and_counts_the_rest() {
    let (dir, store) = store();
    capped(&store, Some(2));
    // Midnight in the organisation's zone, on the day before the capture.
    let midnight = (NOW + 28_800).div_euclid(DAY) * DAY - 28_800 - DAY;
    let mut posts: Vec<_> = (0..5).map(|n| of_topic(n, midnight + n as i64, &["水"])).collect();
    posts.push(of_topic(5, midnight + 9, &["水", "路"]));
    posts.push(of_topic(6, midnight - 1, &["水"]));
    let done = store.ingest(batch(posts.clone())).unwrap();
    assert_eq!((done.new, done.matched, done.over), (7, 4, 3), "two of a day, one of the day before, one of the road");
    let reader = store.reader().unwrap();
    let ids = |query: PostQuery| reader.posts(&query).unwrap().into_iter().map(|p| p.id).collect::<Vec<_>>();
    let of = |topic: &str| ids(PostQuery { topic: Some(topic.into()), ..PostQuery::default() });
    assert_eq!((of("水"), of("路")), (vec!["1".into(), "0".into(), "6".into()], vec!["5".to_owned()]));
    assert_eq!(ids(PostQuery::default()).len(), 7, "what is over is stored");
    let full = FullDay { topic: "水".into(), day: midnight, taken: 2, over: 4 };
    assert_eq!(reader.full_days(midnight - 9 * DAY).unwrap(), [full]);
    assert_eq!(reader.full_days(midnight + DAY).unwrap(), []);
    let count = reader.topic_count("水", midnight - 9 * DAY).unwrap();
    assert_eq!((count.posts, count.over, count.newest), (3, 4, Some(midnight + 1)));
    // While it grows, whoever looks at its counts is told what they leave out.
    let db = Connection::open(dir.path().join(schema::FILE)).unwrap();
    let grows = serde_json::to_string(&Standing { stage: Stage::Growing, ..Standing::default() }).unwrap();
    db.execute("UPDATE standing SET stage = 'growing', body = ?1 WHERE kind = 'topic'", [grows]).unwrap();
    let over = |now| {
        let risen = reader.risen(now, 9).unwrap().into_iter().map(|risen| (risen.subject.name, risen.over));
        risen.collect::<std::collections::BTreeMap<_, _>>()
    };
    assert_eq!(over(midnight + DAY), [("水".to_owned(), 4), ("路".to_owned(), 0)].into());
    assert_eq!(over(midnight + 4 * DAY)["水"], 0, "of the two days that are shown");

    // What was counted is not counted again, in whatever version, and a seat that was taken stays taken.
    posts[0].post.text.push_str("改了");
    posts[4].post.text.push_str("改了");
    let again = store.ingest(batch(posts)).unwrap();
    assert_eq!((again.new, again.changed, again.over), (0, 2, 1));
    assert_eq!(reader.topic_count("水", 0).unwrap(), count);
}

#[test]
fn without_a_cap_all_are_taken_and_a_later_cap_counts_from_then_on() {
    let (_dir, store) = store();
    capped(&store, None);
    store.ingest(batch((0..5).map(|n| of_topic(n, NOW - 9, &["水"])).collect())).unwrap();
    capped(&store, Some(1));
    let done = store.ingest(batch((5..8).map(|n| of_topic(n, NOW - 9, &["水"])).collect())).unwrap();
    assert_eq!((done.matched, done.over), (1, 2));
    store.configure_topics(vec![], 0).unwrap();
    assert_eq!(store.ingest(batch(vec![of_topic(9, NOW, &["水"])])).unwrap().matched, 1, "no longer configured");
    assert_eq!(store.reader().unwrap().full_days(0).unwrap(), [], "nor told");
}

#[test]
fn what_somebody_hands_in_is_taken_however_full_a_topic_is_and_found_by_it() {
    let (_dir, store) = store();
    capped(&store, Some(0));
    let heard = of_topic(1, NOW - 9, &["水"]);
    assert_eq!(store.ingest(batch(vec![heard.clone()])).unwrap().over, 1);
    let reader = store.reader().unwrap();
    let found = || reader.posts(&PostQuery { topic: Some("水".into()), ..PostQuery::default() }).unwrap().len();
    assert_eq!(found(), 0);
    let (plugin, site) = ("feed".to_owned(), "bbs.example".to_owned());
    let by = Caller { token: None, account: 1 };
    store.submit(Submission { plugin, site, at: NOW, prepared: heard, note: None, by }).unwrap();
    assert_eq!(found(), 1);
}
