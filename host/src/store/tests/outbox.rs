//! Notices as they are queued: in the transaction of their event, for those whom the plan names, without a word.

use super::*;
use crate::notify::{Notice, Occasion, Receipt, Waits};
use crate::plan::answer::Form;
use crate::store::{AddressChange, Answering, NoticeRow, OutboxQuery, OwnAddress, Sight};

fn told(store: &Store) -> Vec<NoticeRow> {
    let query = OutboxQuery { limit: 1_000, ..OutboxQuery::default() };
    let mut rows = store.reader().unwrap().outbox(&query).unwrap();
    rows.reverse();
    rows
}

/// What was told since the first `after` notices, and to which roles.
fn since(store: &Store, after: usize) -> Vec<(String, Vec<Role>, bool)> {
    let shown = |row: NoticeRow| (row.notice.occasion.as_str().to_owned(), row.notice.tell.roles, row.notice.urgent);
    told(store).into_iter().skip(after).map(shown).collect()
}

/// One incident that a classifier takes for this.
fn one(store: &Store, category: &str) {
    let mut b = batch(vec![prepared(post("1", &text(1)))]);
    b.posts[0].labels = vec![label(category, 0.9)];
    store.ingest(b).unwrap();
}

#[test]
fn a_new_incident_is_told_and_one_that_may_be_an_emergency_higher_up() {
    let (_dir, store) = store();
    one(&store, "emergency");
    let opened = ("opened".to_owned(), vec![Role::Monitor], false);
    let reported = ("reported".to_owned(), vec![Role::LeadingGroup, Role::Head], true);
    assert_eq!(since(&store, 0), [opened, reported]);
    one(&store, "emergency");
    assert_eq!(told(&store).len(), 2, "the same again is nothing new");
}

/// The plan's two hours: at T−60, T−30, T−10 and T+0, further up each time (P13).
#[test]
fn the_clock_of_an_emergency_is_told_up_the_ladder() {
    let (_dir, store) = store();
    one(&store, "problem");
    let head = head(&store);
    assess(&store, &head, 1, Category::Emergency, NOW + 60).unwrap();
    let before = told(&store).len();
    let facts = |row: &NoticeRow| match &row.notice.occasion {
        Occasion::Clock { clock, moment, due, .. } if clock == "facts" => Some((*moment, *due)),
        _ => None,
    };
    for second in 0..=7_300 {
        // The daemon looks once a second; most seconds have nothing to tell.
        if store.reader().unwrap().next_ring().unwrap().is_some_and(|next| next <= NOW + second) {
            store.ring(NOW + second).unwrap();
        }
    }
    let rungs: Vec<_> = told(&store)
        .into_iter()
        .skip(before)
        .filter_map(|row| facts(&row).map(|(moment, due)| (row.at - NOW, moment, due - NOW, row.notice.tell.roles)))
        .collect();
    use Role::{Head, LeadingGroup, Monitor, Spokesperson};
    // Nobody owns it: those who hear of an emergency at once stand in for the owner.
    assert_eq!(
        rungs,
        [
            (3_600, -3_600, 7_200, vec![Monitor, LeadingGroup, Head]),
            (5_400, -1_800, 7_200, vec![LeadingGroup, Monitor, Head]),
            (6_600, -600, 7_200, vec![LeadingGroup, Head, Spokesperson, Monitor]),
            (7_200, 0, 7_200, vec![LeadingGroup, Head, Monitor]),
        ]
    );
    assert!(told(&store).iter().skip(before).all(|row| row.notice.urgent));
}

#[test]
fn what_is_refused_tells_nobody() {
    let (_dir, store) = store();
    one(&store, "problem");
    let head = head(&store);
    let before = told(&store).len();
    let stale = Seen { id: 1, version: Some(7) };
    store.decide(&head, stale, Decision::Assign("head".into()), NOW + 1).unwrap_err();
    assert_eq!(told(&store).len(), before);
    let now = Seen { id: 1, version: Some(0) };
    store.decide(&head, now, Decision::Assign("head".into()), NOW + 1).unwrap();
    let assigned = told(&store).pop().unwrap().notice;
    assert_eq!((assigned.occasion, assigned.tell.users), (Occasion::Assigned, vec!["u3".to_owned()]));
}

#[test]
fn an_answer_that_waits_is_told_to_whom_it_waits_for() {
    let (_dir, store) = store();
    one(&store, "problem");
    let head = head(&store);
    assess(&store, &head, 1, Category::Problem, NOW + 1).unwrap();
    let before = told(&store).len();
    let draft =
        Answering::Draft { incident: 1, reply: None, form: Form::Post, channel: "site".into(), text: "致歉".into() };
    let refused = store.answer(&head, draft, vec![], NOW + 2);
    assert!(refused.is_err(), "the head drafts nothing");
    assert_eq!(told(&store).len(), before);
    let staff = added(&store, "chen", vec![Role::Staff]);
    let draft =
        Answering::Draft { incident: 1, reply: None, form: Form::Post, channel: "site".into(), text: "致歉".into() };
    let row = store.answer(&staff, draft, vec![], NOW + 3).unwrap();
    let notice = told(&store).pop().unwrap().notice;
    assert_eq!(notice.occasion, Occasion::Reply { reply: row.id, waits: Waits::Review });
    assert_eq!(notice.tell.roles, [Role::LeadingGroup, Role::Spokesperson, Role::Legal]);
    let legal = added(&store, "han", vec![Role::Legal]);
    let sight = Sight { id: row.id, version: row.reply.version };
    store.answer(&legal, Answering::Return(sight, "缺时间".into()), vec![], NOW + 4).unwrap();
    let notice = told(&store).pop().unwrap().notice;
    assert_eq!(notice.occasion, Occasion::Reply { reply: row.id, waits: Waits::Change });
    assert_eq!(notice.tell.users, ["u4"]);
}

/// Somebody with these roles.
fn added(store: &Store, name: &str, roles: Vec<Role>) -> Caller {
    let caller = |token| Caller { token, account: 1000 };
    let again = |who: &str| renewed(store, who);
    let (system, security) = (again("sys"), again("sec"));
    let token = store.change_user(&system, UserChange::Add { name: name.into(), roles: vec![] }, NOW).unwrap().token;
    store.change_user(&security, UserChange::Roles { user: name.into(), roles }, NOW).unwrap();
    caller(token)
}

/// Takes over an administrator's account: what a test has instead of their token.
fn renewed(store: &Store, name: &str) -> Caller {
    let dir = store.dir().to_owned();
    let db = Connection::open(dir.join("caifeng.db")).unwrap();
    let id: String = db.query_row("SELECT id FROM user WHERE name = ?1", [name], |r| r.get(0)).unwrap();
    let token =
        Token::new(1_000 + db.query_row("SELECT count(*) FROM token", [], |r| r.get::<_, i64>(0)).unwrap(), [7; 32]);
    db.execute(
        "INSERT INTO token (id, user, proof, made) VALUES (?1, ?2, ?3, 0)",
        rusqlite::params![token.id, id, token.proof()],
    )
    .unwrap();
    Caller { token: Some(token), account: 1000 }
}

#[test]
fn a_watch_that_falls_silent_is_told_once_and_so_is_that_it_is_back() {
    let (_dir, store) = store();
    store.configure_watches(&[watch("w")]).unwrap();
    let sweep = |at: i64, failures: Vec<SweepFailure>| {
        let sweep = store.begin_sweep("w", at).unwrap();
        store.finish_sweep(sweep, at + 5, &SweepTally { failures, ..SweepTally::default() }).unwrap();
    };
    let failure = || vec![SweepFailure { kind: FailureKind::Network, detail: "down".into() }];
    (0..5).for_each(|n| sweep(NOW + n * 600, failure()));
    let gap = ("gap".to_owned(), vec![Role::Monitor], false);
    assert_eq!(since(&store, 0), std::slice::from_ref(&gap));
    sweep(NOW + 6_000, vec![]);
    assert_eq!(since(&store, 1), [gap]);
    let Occasion::Gap { told, .. } = told(&store).pop().unwrap().notice.occasion else { panic!() };
    assert_eq!(told, crate::coverage::Told::Recovered);
}

#[test]
fn what_comes_back_is_told() {
    let (_dir, store) = store();
    one(&store, "problem");
    let head = head(&store);
    let seen = Seen { id: 1, version: Some(0) };
    store.decide(&head, seen, Decision::Dismiss("重复".into()), NOW + 10).unwrap();
    let before = told(&store).len();
    let mut again = prepared(post("2", &text(1)));
    again.post.published = Some(NOW + 500);
    store.ingest(Batch { captured: NOW + 600, ..batch(vec![again]) }).unwrap();
    assert!(since(&store, before).contains(&("recurred".to_owned(), vec![Role::Monitor, Role::LeadingGroup], false)));
}

/// An outbox and a record that hold no words can lose none to somebody who may not read them.
#[test]
fn neither_a_notice_nor_its_receipt_holds_a_word_or_a_name() {
    let (dir, store) = store();
    let mut p = prepared(post("1", "张三家的水管破了"));
    p.post.title = Some("张三家的水管破了".into());
    store.ingest(batch(vec![p])).unwrap();
    let head = head(&store);
    assess(&store, &head, 1, Category::Emergency, NOW + 1).unwrap();
    let own = OwnAddress { channel: "office".into(), address: "zhang@home.example".into() };
    store.change_address(&head, AddressChange::Add(own.clone()), NOW + 2).unwrap();
    let db = Connection::open(dir.path().join("caifeng.db")).unwrap();
    let all = |sql: &str| -> String {
        let mut statement = db.prepare(sql).unwrap();
        let rows = statement.query_map([], |r| r.get::<_, String>(0)).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>().join("\n")
    };
    let (notices, record) = (all("SELECT body FROM outbox"), all("SELECT body FROM event"));
    assert!(notices.contains("reported") && record.contains("address-changed"));
    for word in ["张三", "水管", "zhang", "home.example"] {
        assert!(!notices.contains(word) && !record.contains(word), "{word}");
    }
    assert_eq!(store.change_address(&head, AddressChange::Remove(own.clone()), NOW + 3).unwrap(), []);
    assert!(store.change_address(&head, AddressChange::Remove(own), NOW + 3).is_err());
    let wrong = OwnAddress { channel: "office".into(), address: "x@y\r\nBcc: z@w".into() };
    assert!(matches!(store.change_address(&head, AddressChange::Add(wrong), NOW), Err(StoreError::Address(_))));
}

#[test]
fn what_is_over_goes_and_what_waits_stays() {
    let (_dir, store) = store();
    one(&store, "problem");
    let zone = jiff::tz::TimeZone::UTC;
    let text = "[[channel]]\nid = \"duty\"\nkind = \"wecom\"\ntell = [\"monitor\"]\n";
    let channels = toml::from_str::<crate::notify::channel::Notify>(text).unwrap().channels;
    let routes = std::sync::Arc::new(crate::notify::route::Routes { channels, quiet: None, zone });
    store.route_notices(&routes, NOW).unwrap();
    assert_eq!(store.expire_notices(NOW + 86_400).unwrap(), 0, "it waits");
    let waiting = store.reader().unwrap().queue("duty", NOW, 9).unwrap().waiting;
    let attempt = store.begin_message("duty", vec![waiting[0].id], None, NOW).unwrap();
    store.end_message(&routes, &attempt, crate::notify::Carried::Delivered, NOW).unwrap();
    let history = store.reader().unwrap().history(1).unwrap();
    let sent = |e: &Event| matches!(e, Event::Notified { receipt: Receipt::Sent, .. });
    assert!(history.iter().any(|recorded| sent(&recorded.event)));
    assert_eq!(store.expire_notices(NOW + 86_400).unwrap(), 1);
    assert_eq!(told(&store), []);
    assert!(store.reader().unwrap().verify_chain(None).unwrap().is_ok(), "the record stays");
}

#[test]
fn a_notice_that_is_for_nobody_is_not_queued() {
    let (_dir, store) = store();
    let nobody = Notice { incident: None, urgent: false, occasion: Occasion::Opened, tell: Default::default() };
    store.queue_notice(nobody, NOW).unwrap();
    assert_eq!(told(&store), []);
}
