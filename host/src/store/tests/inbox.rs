//! What waits for a decision, for whom, in which order; what is put off, and what it has come to before.

use super::*;
use crate::store::LONGEST_SNOOZE;

const HOUR: i64 = 3600;

/// Three incidents of an hour each, the last of which may be an emergency; and a head.
fn waiting() -> (TempDir, Store, Caller) {
    let (dir, store) = store();
    for n in 0..3_u64 {
        let mut b = batch(vec![prepared(post(&n.to_string(), &text(n)))]);
        b.posts[0].labels = vec![label(["problem", "sensitive", "emergency"][n as usize], 0.9)];
        b.captured = NOW + n as i64 * HOUR;
        store.ingest(b).unwrap();
    }
    let head = head(&store);
    (dir, store, head)
}

fn user(store: &Store, caller: &Caller) -> String {
    store.reader().unwrap().known(caller.token.as_ref().unwrap(), NOW).unwrap().unwrap().user
}

fn listed(store: &Store, user: Option<&str>, now: i64) -> Vec<i64> {
    store.reader().unwrap().inbox(user, now).unwrap().waiting
}

fn escalate(store: &Store, by: &Caller, id: i64, now: i64) {
    let seen = Seen { id, version: None };
    store.decide(by, seen, Decision::Escalate("有人受伤".into()), now).unwrap();
}

#[test]
fn what_cannot_wait_stands_first_and_what_is_decided_leaves() {
    let (_dir, store, head) = waiting();
    assert_eq!(listed(&store, None, NOW), [3, 1, 2], "a possible emergency, then by first sight");
    let found = |id| store.reader().unwrap().waiting(id, None, NOW).unwrap().map(|one| one.row.id);
    assert_eq!((found(2), found(9)), (Some(2), None), "also what stands behind the end of a list");
    escalate(&store, &head, 2, NOW + 3 * HOUR);
    assert_eq!(listed(&store, None, NOW + 3 * HOUR), [2, 3, 1]);
    let decision = Decision::Assess { category: Category::Problem, level: None, reason: "属实".into() };
    let seen = store.reader().unwrap().waiting(2, None, NOW).unwrap().unwrap();
    let seen = Seen { id: 2, version: Some(seen.version) };
    let decided = store.decide(&head, seen, decision, NOW + 4 * HOUR).unwrap();
    assert_eq!(listed(&store, None, NOW + 4 * HOUR), [3, 1]);
    let back = Seen { id: 2, version: Some(decided.version) };
    store.decide(&head, back, Decision::TakeBack, NOW + 4 * HOUR + 9).unwrap();
    assert_eq!(listed(&store, None, NOW + 4 * HOUR + 9), [3, 1, 2], "it waits again, and is acted upon");
}

#[test]
fn what_one_person_puts_off_stays_with_all_others_and_comes_back_in_time_or_when_it_is_escalated() {
    let (_dir, store, head) = waiting();
    let user = user(&store, &head);
    let now = NOW + 3 * HOUR;
    store.snooze(&head, 3, Some(now + HOUR), now).unwrap();
    assert_eq!(listed(&store, Some(&user), now), [1, 2]);
    assert_eq!(listed(&store, None, now), [3, 1, 2]);
    let inbox = store.reader().unwrap().inbox(Some(&user), now).unwrap();
    assert_eq!(inbox.snoozed.iter().map(|(row, until)| (row.id, *until)).collect::<Vec<_>>(), [(3, now + HOUR)]);
    assert_eq!(listed(&store, Some(&user), now + HOUR), [3, 1, 2], "its time is over");
    escalate(&store, &head, 3, now + 60);
    assert_eq!(listed(&store, Some(&user), now + 60), [3, 1, 2], "somebody says that it cannot wait");
    store.snooze(&head, 3, Some(now + HOUR), now + 120).unwrap();
    assert_eq!(listed(&store, Some(&user), now + 120), [1, 2], "whoever has seen that puts it off all the same");
    store.snooze(&head, 3, None, now + 130).unwrap();
    assert_eq!(listed(&store, Some(&user), now + 130), [3, 1, 2]);
}

#[test]
fn what_cannot_be_put_off_is_refused() {
    let (_dir, store, head) = waiting();
    let nobody = Caller { token: None, account: 1000 };
    store.snooze(&nobody, 1, Some(NOW + HOUR), NOW).unwrap_err();
    store.snooze(&head, 9, Some(NOW + HOUR), NOW).unwrap_err();
    for until in [NOW, NOW - 1, NOW + LONGEST_SNOOZE + 1, i64::MAX, i64::MIN] {
        assert!(store.snooze(&head, 1, Some(until), NOW).is_err(), "{until}");
    }
    assess(&store, &head, 1, Category::Problem, NOW + 3 * HOUR).unwrap();
    assert!(store.snooze(&head, 1, Some(NOW + 4 * HOUR), NOW + 3 * HOUR).is_err(), "it is decided");
    assert_eq!(listed(&store, Some(&user(&store, &head)), NOW + 3 * HOUR), [3, 2]);
}

/// Incidents of these texts, in their order.
fn told(texts: &[&str]) -> (TempDir, Store) {
    let (dir, store) = store();
    let tokeniser = crate::text::tokens::Tokeniser::new();
    for (n, said) in texts.iter().enumerate() {
        let mut p = prepared(post(&n.to_string(), said));
        p.telling = Telling::of(&tokeniser.cut(None, said));
        store.ingest(batch(vec![p])).unwrap();
    }
    (dir, store)
}

#[test]
fn what_others_are_about_leaves_out_those_that_were_merged_and_reads_no_others() {
    let (_dir, store) = told(&["搅拌站噪音扰民，灰尘漫天", "养老金没有发", "公交站什么时候恢复"]);
    let head = head(&store);
    let ids = |ids: &[i64]| {
        let abouts = store.reader().unwrap().abouts(ids).unwrap();
        abouts.iter().map(|(id, _)| *id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&[3, 2, 9]), [3, 2]);
    let into = Seen { id: 1, version: None };
    store.decide(&head, Seen { id: 3, version: None }, Decision::Merge(into), NOW + HOUR).unwrap();
    assert_eq!(ids(&[3, 2]), [2]);
}

#[test]
fn the_store_is_asked_for_what_is_like_a_text_also_after_a_restart() {
    let (dir, store) = told(&["搅拌站噪音扰民，灰尘漫天", "养老金没有发", "公交站什么时候恢复"]);
    let tokeniser = crate::text::tokens::Tokeniser::new();
    let asked = Telling::of(&tokeniser.cut(None, "请问搅拌站什么时候搬走？灰尘太大"));
    assert_eq!(store.alike(&asked, 8).first(), Some(&1));
    store.close();
    drop(store);
    let store = Store::open(dir.path(), None).unwrap();
    assert_eq!(store.alike(&asked, 8).first(), Some(&1));
    assert!(store.alike(&asked, 0).is_empty());
}
