//! The table of routes: what is written about it, and that it is what is done.

use std::fmt::Write as _;

use super::*;
use crate::web::access::Access;
use crate::web::routes;

/// The table as people read it: a line for each route, a column for nobody in particular and one for each role.
fn written() -> String {
    let mut page = String::from(
        "# Who may open and do what\n\n\
         Made from the table in `host/src/web/routes.rs`, without which no route exists; a test holds the two together and asks\n\
         every route as every role. `●` is let through, `○` only to read, in a demo. What somebody\n\
         may do to a single incident, reply or document is decided further in, by the same rights as on the command line.\n\n",
    );
    let roles: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
    writeln!(page, "| method | path | nobody | {} |", roles.join(" | ")).unwrap();
    writeln!(page, "| --- | --- | :-: |{}", " :-: |".repeat(roles.len())).unwrap();
    for route in routes::table() {
        let reading = route.method == Method::GET;
        let nobody = match (route.access.admits(None, reading, false), route.access.admits(None, reading, true)) {
            (Ok(()), _) => "●",
            (_, Ok(())) => "○",
            _ => "",
        };
        let mark = |role: &Role| if route.access.admits(Some(&[*role]), reading, false).is_ok() { "●" } else { "" };
        let marks: Vec<&str> = Role::ALL.iter().map(mark).collect();
        writeln!(page, "| {} | `{}` | {nobody} | {} |", route.method, route.path, marks.join(" | ")).unwrap();
    }
    page
}

#[test]
fn the_table_is_the_one_that_is_kept() {
    assert!(is_kept("access.md", &written()), "INSTA_UPDATE=always writes docs/access.md anew");
}

/// A path with something in place of each of its parts.
pub(super) fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "7" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_route_turns_away_whom_the_table_does_not_name() {
    let office = office();
    let router = office.public(true);
    let mut asked = 0;
    for role in Role::ALL {
        let cookie = format!("caifeng_session={}", office.session(role).written());
        for route in routes::table() {
            if route.access.admits(Some(&[role]), route.method == Method::GET, false).is_ok() {
                continue;
            }
            let api = route.path.starts_with("/api/v1");
            let bearer = format!("Bearer {}", office.session(role).written());
            let who = if api { ("authorization", bearer.as_str()) } else { ("cookie", cookie.as_str()) };
            let headers = [who, ("sec-fetch-site", "same-origin")];
            let request = asking(route.method.clone(), &filled(&route.path), &headers);
            let status = router.clone().oneshot(request).await.unwrap().status();
            assert_eq!(status, 403, "{} {} as {}", route.method, route.path, role.as_str());
            asked += 1;
        }
    }
    assert!(asked > 300, "{asked}");
    // Nobody in particular, once there are users.
    for route in routes::table() {
        // Nobody came from anywhere here, which is this machine.
        let here = route.access == Access::Machine;
        if here || route.access.admits(None, route.method == Method::GET, false).is_ok() {
            continue;
        }
        let request = asking(route.method.clone(), &filled(&route.path), &[("sec-fetch-site", "same-origin")]);
        let status = router.clone().oneshot(request).await.unwrap().status();
        assert!(matches!(status.as_u16(), 303 | 401), "{} {}: {status}", route.method, route.path);
    }
}

#[tokio::test]
async fn a_phone_shows_all_rooms_of_whom_few_are_open_to_and_else_the_first() {
    let office = office();
    let shown = async |role, path| {
        let cookie = format!("caifeng_session={}", office.session(role).written());
        let request = asking(Method::GET, path, &[("cookie", &cookie)]);
        let body = office.router().oneshot(request).await.unwrap().into_body();
        let page = String::from_utf8(to_bytes(body, 1 << 24).await.unwrap().to_vec()).unwrap();
        let rail = page.split_once("<nav class=\"rail\"").unwrap().1.split_once("</nav>").unwrap().0.to_owned();
        (rail.matches("<a ").count(), rail.matches("class=\"first\"").count(), rail.contains("more-rooms"))
    };
    let (all, first, more) = shown(Role::System, "/watches").await;
    assert_eq!((first, more), (all, false));
    let (all, first, more) = shown(Role::Head, "/").await;
    assert!(all > first && more, "{first} of {all}");
    assert_eq!(first, 5);
}
