//! A page that is cut, shuffled or another's never becomes a post that nobody wrote.

#![allow(clippy::unwrap_used, reason = "a test fails where it has to")]

#[allow(dead_code, reason = "each test uses a part")]
mod fixture;

use std::collections::BTreeSet;

use caifeng_tieba::native;
use fixture::Fixture;

fn ids(fixture: &Fixture, body: &str) -> Option<BTreeSet<String>> {
    let (request, response) = fixture.call.as_ref().unwrap();
    let mut response = response.clone();
    body.clone_into(&mut response.body);
    let page = native::parse(&fixture.crawl, request, &response).ok()?;
    for post in &page.posts {
        assert!(!post.id.is_empty() && post.url.starts_with("http"), "{}: {post:?}", fixture.name);
        assert_ne!(post.parent.as_ref(), Some(&post.id));
    }
    let ids: BTreeSet<_> = page.posts.iter().map(|post| post.id.clone()).collect();
    assert_eq!(ids.len(), page.posts.len(), "{}: an id twice", fixture.name);
    Some(ids)
}

#[test]
fn damage_never_makes_a_post() {
    let fixtures: Vec<Fixture> = fixture::all().into_iter().filter(|fixture| fixture.call.is_some()).collect();
    let body = |fixture: &Fixture| fixture.call.as_ref().unwrap().1.body.clone();
    let mut with_posts = 0;
    for fixture in &fixtures {
        let whole = body(fixture);
        let known = ids(fixture, &whole).unwrap_or_default();
        with_posts += usize::from(!known.is_empty());
        let mut damaged: Vec<String> = vec![String::new(), whole.lines().rev().collect::<Vec<_>>().join("\n")];
        damaged.extend((0..whole.len()).step_by(101).map(|at| whole[..whole.floor_char_boundary(at)].to_owned()));
        damaged.extend((0..whole.len()).step_by(997).map(|at| whole[whole.floor_char_boundary(at)..].to_owned()));
        let mut lines: Vec<&str> = whole.lines().collect();
        for seed in 1..40_usize {
            for at in (1..lines.len()).rev() {
                lines.swap(at, (at * 7919 + seed * 104_729) % (at + 1));
            }
            damaged.push(lines.join("\n"));
        }
        let step = &fixture.call.as_ref().unwrap().0.step;
        let others = fixtures.iter().filter(|other| other.call.as_ref().unwrap().0.step != *step);
        damaged.extend(others.map(body));
        for damaged in damaged {
            let made: Vec<_> = ids(fixture, &damaged).unwrap_or_default().difference(&known).cloned().collect();
            assert!(made.is_empty(), "{}: {made:?} of\n{damaged}", fixture.name);
        }
    }
    assert!(with_posts >= 4);
}

#[test]
fn nothing_at_all_is_no_empty_page() {
    for fixture in fixture::all() {
        let Some((request, mut response)) = fixture.call else { continue };
        response.body = String::new();
        response.status = 200;
        assert!(native::parse(&fixture.crawl, &request, &response).is_err(), "{}", fixture.name);
    }
}

#[test]
fn no_page_takes_more_than_linear_time() {
    // With a search that starts again and again each of these would take minutes.
    for (name, unit) in [
        ("thread", "<div class=\"l_post\" data-pid=\"%\"><div class=\"d_post_content\">一</div></div>"),
        ("thread", "<div class=\"l_post\" data-pid=\"%\"><div class=\"d_post_content\">"),
        ("thread", "<div class=\"l_post\"><li class=\"lzl_single_post\" data-field='{\"spid\":%}'>"),
        ("thread", "<!-- j_l_post -->"),
        ("bar", "<li class=\"j_thread_list\" data-tid=\"%\"><a class=\"j_th_tit\">一</a></li>"),
        ("bar", "<li class=\"j_thread_list\" data-tid=\"%\"><span class=\"tb_icon_author\">"),
        ("bar", "<li class=\"j_thread_list\" data-field='[[[['>"),
        ("bar", "<!-- j_thread_list <li class=\"j_thread_list\" -->"),
    ] {
        let (request, mut response) = fixture::named(name).call.unwrap();
        response.body = (0..400_000 / unit.len()).map(|n| unit.replace('%', &n.to_string())).collect();
        let _ = native::parse(&fixture::named(name).crawl, &request, &response);
    }
}
