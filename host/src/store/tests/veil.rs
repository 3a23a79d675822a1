//! Restricted incidents: who sees them, that nothing else tells of them, and that nobody acts on what they do not see.

use std::collections::BTreeSet;

use super::*;
use crate::store::OutboxQuery;
use crate::store::read::veil::VEILED;

/// Tables that hold keys of incidents or posts, and tell nothing to whoever does not know such a key already.
const BLIND: [&str; 17] = [
    "post_version",
    "post_capture",
    "reading",
    "look",
    "revisit",
    "buried",
    "forgotten",
    "near_young",
    "moved",
    "regrouped",
    "question",
    "topic_post",
    "topic_over",
    "hidden",
    "hidden_post",
    "captured_post",
    "near_page",
];

/// Two incidents, the first of which is restricted, and who may want to see it.
struct House {
    dir: TempDir,
    store: Store,
    system: Caller,
    security: Caller,
    head: Caller,
}

impl House {
    fn new() -> Self {
        let (dir, store) = store();
        store.ingest(batch(vec![prepared(post("1", &text(1))), prepared(post("2", &text(2)))])).unwrap();
        let none = Caller { token: None, account: 1000 };
        let mut house = Self { dir, store, system: none.clone(), security: none.clone(), head: none };
        house.system = house.add("sys", &[Role::System]);
        house.security = house.add("sec", &[Role::Security]);
        house.head = house.user("head", Role::Head);
        house
    }

    fn add(&self, name: &str, roles: &[Role]) -> Caller {
        let change = UserChange::Add { name: name.to_owned(), roles: roles.to_vec() };
        Caller { token: self.store.change_user(&self.system, change, NOW).unwrap().token, account: 1000 }
    }

    fn user(&self, name: &str, role: Role) -> Caller {
        let caller = self.add(name, &[]);
        let change = UserChange::Roles { user: name.to_owned(), roles: vec![role] };
        self.store.change_user(&self.security, change, NOW).unwrap();
        caller
    }

    fn id(&self, caller: &Caller) -> String {
        self.store.reader().unwrap().known(caller.token.as_ref().unwrap(), NOW).unwrap().unwrap().user
    }

    fn restricts(&self, id: i64) -> Result<Decided, StoreError> {
        let seen = Seen { id, version: None };
        self.store.decide(&self.head, seen, Decision::Restrict("涉及未成年人".into()), NOW + 90)
    }

    /// What a user finds in lists.
    fn found(&self, user: Option<&str>) -> (Vec<i64>, usize) {
        let reader = self.store.reader().unwrap().seen_by(user);
        let incidents = reader.incidents(&IncidentQuery::default()).unwrap();
        let mut ids: Vec<i64> = incidents.iter().map(|row| row.id).collect();
        ids.sort_unstable();
        (ids, all_posts(&reader).len())
    }

    fn unit(&self, user: &str, unit: &str) {
        let change = UserChange::Unit { user: user.to_owned(), unit: Some(unit.to_owned()) };
        self.store.change_user(&self.security, change, NOW).unwrap();
    }

    fn assign(&self, user: &str) {
        let decision = Decision::Assign(user.to_owned());
        self.store.decide(&self.head, Seen { id: 1, version: None }, decision, NOW + 90).unwrap();
    }
}

#[test]
fn those_who_decide_the_owner_and_the_owners_unit_see_it_and_nobody_else() {
    let house = House::new();
    let [owner, colleague, other] = ["承办", "同科", "别科"].map(|name| house.id(&house.user(name, Role::Staff)));
    let head = house.id(&house.head);
    for user in [None, Some(&*owner), Some(&*head)] {
        assert_eq!(house.found(user), (vec![1, 2], 2), "nothing is restricted");
    }
    house.restricts(1).unwrap();
    assert_eq!(house.found(Some(&head)), (vec![1, 2], 2));
    for user in [None, Some(&*owner), Some(&*colleague), Some("nobody' OR 1=1 --")] {
        assert_eq!(house.found(user), (vec![2], 1), "{user:?}");
    }
    assert_eq!(house.store.reader().unwrap().seen_by(None).kept_back().unwrap(), 1);
    house.assign("承办");
    assert_eq!(house.found(Some(&owner)), (vec![1, 2], 2));
    assert_eq!(house.found(Some(&colleague)), (vec![2], 1), "neither of the two has a unit");
    house.unit("承办", "宣传科");
    house.unit("同科", "宣传科");
    house.unit("别科", "办公室");
    assert_eq!(house.found(Some(&colleague)), (vec![1, 2], 2));
    assert_eq!(house.found(Some(&other)), (vec![2], 1));
    assert_eq!(house.found(None), (vec![2], 1));
    house.assign("别科");
    assert_eq!((house.found(Some(&owner)).0, house.found(Some(&other)).0), (vec![2], vec![1, 2]));
    let seen = Seen { id: 1, version: None };
    house.store.decide(&house.head, seen, Decision::Unrestrict("已公布".into()), NOW + 90).unwrap();
    assert_eq!(house.found(None), (vec![1, 2], 2));
    let history = house.store.reader().unwrap().history(1).unwrap();
    let restricted = |event: &Event| matches!(event, Event::Restricted { .. } | Event::Unrestricted { .. });
    assert_eq!(history.iter().filter(|recorded| restricted(&recorded.event)).count(), 2, "both are in the record");
}

#[test]
fn nobody_acts_on_what_they_do_not_see() {
    let house = House::new();
    let staff = house.user("值班", Role::Staff);
    house.restricts(1).unwrap();
    let acts = [
        Decision::Note("看看".into()),
        Decision::Escalate("急".into()),
        Decision::Merge(Seen { id: 1, version: None }),
    ];
    for act in acts {
        let id = if matches!(act, Decision::Merge(_)) { 2 } else { 1 };
        let refused = house.store.decide(&staff, Seen { id, version: None }, act.clone(), NOW + 90).unwrap_err();
        let none = house.store.decide(&staff, Seen { id: 9, version: None }, Decision::Note("看看".into()), NOW + 90);
        match act {
            Decision::Merge(_) => assert!(matches!(refused, StoreError::Unknown { .. }), "{refused}"),
            _ => assert_eq!(refused.to_string(), none.unwrap_err().to_string().replace('9', "1")),
        }
    }
    assert!(matches!(house.store.snooze(&staff, 1, Some(NOW + 3600), NOW + 90), Err(StoreError::Unknown { .. })));
    let legal = house.user("法务", Role::Legal);
    let refused = house.store.hand_out(&legal, 1, "0".repeat(64), NOW + 90).unwrap_err();
    assert!(matches!(refused, StoreError::Unknown { .. }), "{refused}");
    let not_theirs =
        house.store.decide(&staff, Seen { id: 2, version: None }, Decision::Restrict("x".into()), NOW + 90);
    assert!(matches!(not_theirs, Err(StoreError::Refused(Refusal::Role(..)))), "{not_theirs:?}");
    assert!(matches!(house.restricts(1), Err(StoreError::Refused(Refusal::Restricted))));
    // Everybody may hand in what turns out to belong to it.
    let before = house.store.reader().unwrap().history(1).unwrap().len();
    let mut more = prepared(post("3", &text(1)));
    more.links = vec![post("1", "").url];
    let (plugin, site) = ("submitted".to_owned(), "bbs.example".to_owned());
    let handed = Submission { plugin, site, at: NOW + 90, prepared: more, note: None, by: staff };
    assert_eq!(house.store.submit(handed).unwrap().incident, 1);
    assert!(house.store.reader().unwrap().history(1).unwrap().len() > before);
}

#[test]
fn what_is_merged_and_split_is_as_restricted_as_the_whole() {
    let house = House::new();
    let merge = || {
        house.store.decide(
            &house.head,
            Seen { id: 1, version: None },
            Decision::Merge(Seen { id: 2, version: None }),
            NOW + 90,
        )
    };
    house.restricts(1).unwrap();
    assert!(matches!(merge(), Err(StoreError::Refused(Refusal::HalfRestricted))));
    house.restricts(2).unwrap();
    merge().unwrap();
    let seen = Seen { id: 2, version: None };
    house.store.decide(&house.head, seen, Decision::Unrestrict("已公布".into()), NOW + 90).unwrap();
    assert_eq!(house.found(None).0, [1, 2], "what was merged into it follows");
    house.restricts(2).unwrap();
    assert_eq!(house.found(None).0, Vec::<i64>::new());
    let row = all_posts(&house.store.reader().unwrap())[0].row;
    house.store.decide(&house.head, seen, Decision::Split(vec![row]), NOW + 90).unwrap();
    assert_eq!(house.found(None), (vec![], 0), "what leaves it is restricted, too");
    let reader = house.store.reader().unwrap();
    for (id, standing) in reader.standings().unwrap() {
        assert!(standing.restricted, "{id}");
        assert_eq!(replay(&reader.history(id).unwrap()), standing, "{id}");
    }
}

#[test]
fn messages_tell_no_word_of_it() {
    let house = House::new();
    let staff = house.user("值班", Role::Staff);
    let seen = Seen { id: 1, version: None };
    house.store.decide(&staff, seen, Decision::Escalate("急".into()), NOW + 90).unwrap();
    let known = || {
        let query = OutboxQuery { limit: 9, ..OutboxQuery::default() };
        let notices = house.store.reader().unwrap().outbox(&query).unwrap();
        notices.into_iter().find(|row| row.notice.incident == Some(1)).unwrap().known
    };
    let before = known();
    assert!(!before.restricted && !before.title.is_empty());
    house.restricts(1).unwrap();
    let after = known();
    assert!(after.restricted && after.title.is_empty() && after.category.is_none(), "{after:?}");
    let hidden =
        house.store.reader().unwrap().seen_by(None).outbox(&OutboxQuery { limit: 9, ..OutboxQuery::default() });
    assert!(hidden.unwrap().iter().all(|row| row.notice.incident != Some(1)));
}

/// A new table that tells of incidents or posts is hidden, or somebody has said why not.
#[test]
fn every_table_that_tells_of_an_incident_is_behind_the_veil() {
    let house = House::new();
    let db = Connection::open(house.dir.path().join(schema::FILE)).unwrap();
    let mut tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
    let tables: Vec<String> = tables.query_map([], |r| r.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    let veiled: BTreeSet<&str> = VEILED.iter().map(|(table, _)| *table).collect();
    for table in &tables {
        let mut columns = db.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).unwrap();
        let columns: Vec<String> = columns.query_map([], |r| r.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        let tells = columns.iter().any(|column| ["incident", "subject", "row", "post"].contains(&column.as_str()));
        let fts = table.starts_with("post_text") || table.starts_with("casebook_text");
        if tells && !fts && table != "identity" {
            assert!(veiled.contains(&**table) || BLIND.contains(&&**table), "{table} {columns:?}");
        }
    }
    for table in veiled {
        assert!(tables.iter().any(|known| known == table), "{table}");
    }
}
