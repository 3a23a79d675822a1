//! Who may act: tokens, accounts, administrators kept apart.

use super::*;
use crate::store::Changed;
use crate::user::{Denied, UserEvent};

fn caller(token: &Token) -> Caller {
    Caller { token: Some(token.clone()), account: 1000 }
}

const NOBODY: Caller = Caller { token: None, account: 1000 };

fn add(store: &Store, by: &Caller, name: &str, roles: &[Role]) -> Result<Changed, StoreError> {
    store.change_user(by, UserChange::Add { name: name.into(), roles: roles.to_vec() }, NOW)
}

fn give(store: &Store, by: &Caller, user: &str, roles: &[Role]) -> Result<Changed, StoreError> {
    store.change_user(by, UserChange::Roles { user: user.into(), roles: roles.to_vec() }, NOW)
}

fn denied<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> Denied {
    match answer.unwrap_err() {
        StoreError::Denied(denied) => denied,
        other => panic!("{other:?}"),
    }
}

/// A system and a security administrator, and somebody without a role.
fn staffed() -> (TempDir, Store, Caller, Caller) {
    let (dir, store) = store();
    let system = caller(&add(&store, &NOBODY, "sys", &[Role::System]).unwrap().token.unwrap());
    let security = caller(&add(&store, &system, "sec", &[Role::Security]).unwrap().token.unwrap());
    add(&store, &system, "li", &[]).unwrap();
    (dir, store, system, security)
}

#[test]
fn the_first_user_needs_no_token_and_the_second_does() {
    let (_dir, store) = store();
    assert_eq!(denied(give(&store, &NOBODY, "x", &[Role::Head])), Denied::NobodyYet);
    assert_eq!(denied(add(&store, &NOBODY, "a", &[Role::Head])), Denied::FirstIsSystem);
    add(&store, &NOBODY, "a", &[Role::System]).unwrap();
    assert_eq!(denied(add(&store, &NOBODY, "b", &[Role::Audit])), Denied::NoToken);
    assert_eq!(denied(add(&store, &NOBODY, "b", &[Role::System])), Denied::RolesAreGiven("b".into()));
}

#[test]
fn each_administrator_does_what_is_theirs_and_no_more() {
    let (_dir, store, system, security) = staffed();
    assert!(matches!(denied(give(&store, &system, "li", &[Role::Head])), Denied::Role { .. }));
    assert!(matches!(denied(add(&store, &security, "wu", &[])), Denied::Role { .. }));
    assert_eq!(denied(give(&store, &security, "sec", &[Role::Head])), Denied::Oneself);
    assert!(matches!(denied(give(&store, &security, "sys", &[Role::Head])), Denied::Apart(_)));
    assert!(matches!(denied(give(&store, &security, "li", &[Role::Head, Role::Audit])), Denied::Apart(_)));
    let li = give(&store, &security, "li", &[Role::Head, Role::Staff]).unwrap().user;
    assert_eq!(li.roles, [Role::Staff, Role::Head]);
    give(&store, &security, "li", &[]).unwrap();
    assert!(matches!(denied(give(&store, &security, "li", &[Role::Audit])), Denied::Apart(_)), "li has worked");
    let revoke = |user: &str| store.change_user(&system, UserChange::Revoke { user: user.into() }, NOW);
    assert_eq!(denied(revoke("sys")), Denied::Last(Role::System));
    assert!(revoke("li").unwrap().user.revoked.is_some());
    assert!(matches!(revoke("li").unwrap_err(), StoreError::Unknown { .. }));
}

/// Not even with SQL: the reference from a role to its user holds the realms apart.
#[test]
fn the_store_itself_keeps_administrators_apart() {
    let (dir, store, ..) = staffed();
    store.close();
    let raw = Connection::open(dir.path().join(schema::FILE)).unwrap();
    raw.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    for sql in [
        "INSERT INTO user_role (user, role) VALUES ('u1', 'head')",
        "INSERT INTO user_role (user, role) VALUES ('u1', 'security')",
        "INSERT INTO user_role (user, role) VALUES ('u3', 'audit')",
        "UPDATE user_role SET role = 'audit' WHERE user = 'u2'",
        "UPDATE user SET realm = 'work' WHERE id = 'u1'",
        "INSERT INTO user_role (user, role) VALUES ('u3', 'emperor')",
        "INSERT INTO user (id, name, realm, added) VALUES ('u9', 'x', 'both', 0)",
    ] {
        assert!(raw.execute(sql, []).is_err(), "{sql}");
    }
    // From the first role on.
    raw.execute_batch(
        "UPDATE user SET realm = 'work' WHERE id = 'u3'; INSERT INTO user_role (user, role) VALUES ('u3', 'head')",
    )
    .unwrap();
    for sql in [
        "INSERT INTO user_role (user, role) VALUES ('u3', 'audit')",
        "DELETE FROM user_role WHERE user = 'u3'; UPDATE user SET realm = 'audit' WHERE id = 'u3'",
    ] {
        assert!(raw.execute_batch(sql).is_err(), "{sql}");
    }
}

#[test]
fn a_token_is_of_one_user_one_account_and_one_time() {
    let (_dir, store, system, security) = staffed();
    let forged = Caller { token: Some(Token::new(1, [0; 32])), ..NOBODY };
    assert_eq!(denied(give(&store, &forged, "li", &[])), Denied::Unknown);
    let no_such = Caller { token: Some(Token::new(99, [0; 32])), ..NOBODY };
    assert_eq!(denied(give(&store, &no_such, "li", &[])), Denied::Unknown);
    let elsewhere = Caller { account: 0, ..security.clone() };
    give(&store, &security, "li", &[]).unwrap();
    assert_eq!(denied(give(&store, &elsewhere, "li", &[])), Denied::OtherAccount { token: 2, first: 1000, now: 0 });
    let renewed = store.change_user(&system, UserChange::Token { user: "sec".into() }, NOW + 5).unwrap();
    assert_eq!(denied(give(&store, &security, "li", &[])), Denied::Revoked(2));
    give(&store, &caller(&renewed.token.unwrap()), "li", &[Role::Legal]).unwrap();
    let users = store.reader().unwrap().users().unwrap();
    let seen: Vec<_> = users.iter().map(|u| (u.id.as_str(), u.used.is_some(), u.tokens.clone())).collect();
    assert_eq!(seen, [("u1", true, vec![1]), ("u2", true, vec![4]), ("u3", false, vec![3])]);
}

#[test]
fn every_change_is_an_event_and_no_secret_is_stored() {
    let (dir, store, system, security) = staffed();
    give(&store, &security, "li", &[Role::Legal]).unwrap();
    let token = store.change_user(&system, UserChange::Token { user: "li".into() }, NOW).unwrap().token.unwrap();
    store.change_user(&system, UserChange::Revoke { user: "li".into() }, NOW).unwrap();
    assert!(store.reader().unwrap().verify_chain(None).unwrap().is_ok());
    store.close();
    let raw = Connection::open(dir.path().join(schema::FILE)).unwrap();
    let mut statement = raw.prepare("SELECT body, actor FROM event ORDER BY seq").unwrap();
    let rows: Vec<(String, String)> =
        statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap().map(Result::unwrap).collect();
    let events: Vec<UserEvent> = rows.iter().map(|(body, _)| serde_json::from_str(body).unwrap()).collect();
    assert_eq!(
        events,
        [
            UserEvent::UserAdded { user: "u1".into(), roles: vec![Role::System], token: 1 },
            UserEvent::UserAdded { user: "u2".into(), roles: vec![Role::Security], token: 2 },
            UserEvent::UserAdded { user: "u3".into(), roles: vec![], token: 3 },
            UserEvent::RolesChanged { user: "u3".into(), roles: vec![Role::Legal] },
            UserEvent::TokenReplaced { user: "u3".into(), token: 4 },
            UserEvent::UserRevoked { user: "u3".into() },
        ]
    );
    assert!(rows[3].1.contains(r#""user":"u2","role":"security","token":2"#), "{}", rows[3].1);
    let file = std::fs::read(dir.path().join(schema::FILE)).unwrap();
    let written = token.written();
    let secret = written.rsplit('_').next().unwrap();
    let raw_secret = crate::hex::unhex(secret).unwrap();
    for needle in [secret.as_bytes(), &raw_secret] {
        assert!(!file.windows(needle.len()).any(|w| w == needle));
    }
}
