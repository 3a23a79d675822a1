//! The plugin over answers of a server, of real shape and with invented content.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../weibo/tests/fixture/mod.rs"]
mod fixture;

use caifeng_mastodon::Mastodon;
use caifeng_plugin_sdk::{Failure, Kind, Page, Post, Request};
use fixture::{Fixture, extra};

/// 2026-03-09 12:00 in China.
const NOW: i64 = 1_773_028_800;
const SERVER: &str = "https://social.qinghe.example";
const FIRST: &str = "116198000000000001";
const SECOND: &str = "116197000000000002";
const POLL: &str = "116196000000000003";

fn page(name: &str) -> Page {
    Fixture::read(name).answer::<Mastodon>().unwrap_or_else(|failure| panic!("{name}: {failure}"))
}

fn failure(name: &str) -> Failure {
    Fixture::read(name).answer::<Mastodon>().expect_err(name)
}

fn post<'a>(page: &'a Page, id: &str) -> &'a Post {
    page.posts.iter().find(|post| post.id == id).unwrap_or_else(|| panic!("no {id} in {page:#?}"))
}

/// Steps and addresses, without the server's.
fn addresses(requests: &[Request]) -> Vec<(&str, &str)> {
    requests.iter().map(|request| (request.step.as_str(), request.url.strip_prefix(SERVER).unwrap())).collect()
}

#[test]
fn each_target_asks_its_addresses() {
    for (name, expected) in [
        ("start-hashtag", &[("timeline", "/api/v1/timelines/tag/%E5%81%9C%E6%B0%B4?limit=40")][..]),
        ("start-listing", &[("timeline", "/api/v1/timelines/tag/%E5%81%9C%E6%B0%B4?limit=40")]),
        (
            "start-search",
            &[("search", "/api/v2/search?q=%E6%B8%85%E6%B2%B3%20%E5%81%9C%E6%B0%B4&type=statuses&limit=40")],
        ),
        ("start-account", &[("account", "/api/v1/accounts/lookup?acct=qinghe")]),
        (
            "start-item",
            &[
                ("status", "/api/v1/statuses/116198000000000001"),
                ("context", "/api/v1/statuses/116198000000000001/context"),
            ],
        ),
    ] {
        assert_eq!(addresses(&Fixture::read(name).start::<Mastodon>().unwrap()), expected, "{name}");
    }
    assert!(matches!(Fixture::read("start-nowhere").start::<Mastodon>(), Err(Failure::Unsupported(_))));
}

#[test]
fn a_hashtag_gives_statuses() {
    let page = page("timeline");
    let first = post(&page, FIRST);
    assert_eq!(first.url, "https://social.qinghe.example/@laowang/116198000000000001");
    assert_eq!(first.text, "#停水 停到现在还没来水\n小区水箱也空了\n\n见 http://www.qinghe.example/art/10331.html");
    assert_eq!((first.kind, first.language.as_deref()), (Kind::Post, Some("zh")));
    assert_eq!((first.published, first.edited), (Some(NOW - 180), Some(NOW - 60)));
    let counts = first.reactions;
    assert_eq!((counts.views, counts.likes, counts.replies, counts.shares), (None, Some(31), Some(2), Some(5)));
    assert_eq!(first.media, ["https://files.qinghe.example/9.jpg"]);
    assert_eq!((extra(first, "tags"), extra(first, "pictured")), (Some("停水"), Some("空水箱")));
    let by = first.author.as_ref().map(|by| (by.id.as_str(), by.name.as_str()));
    assert_eq!(by, Some(("https://social.qinghe.example/users/laowang", "河边老王")));

    let second = post(&page, SECOND);
    assert_eq!(second.title.as_deref(), Some("抱怨 & 脏话"));
    assert_eq!(extra(second, "sensitive"), Some("true"));
    assert_eq!(second.author.as_ref().map(|by| by.name.as_str()), Some("xiaoli@m.linxian.example"));
    let poll = post(&page, POLL);
    assert_eq!(poll.text, "您所在小区何时来水？\n· 已来水\n· 没有");
    assert_eq!(extra(poll, "votes"), Some("已来水: 3; 没有: 9"));
    assert_eq!(extra(poll, "attached"), Some("停水公告 http://www.qinghe.example/art/10331.html"));
    assert_eq!(page.skipped, ["a status without a text: 116198000000000005"]);
}

#[test]
fn pages_follow_the_header_until_what_is_known() {
    let page = page("timeline");
    let next = ("timeline", "/api/v1/timelines/tag/%E5%81%9C%E6%B0%B4?limit=40&max_id=116196000000000003");
    assert_eq!(addresses(&page.follow), [next]);
    assert_eq!(page.follow[0].context, "2/");
    let mut proxied = Fixture::read("timeline");
    let (_, response) = proxied.parse.as_mut().unwrap();
    response.headers[0].1 = response.headers[0].1.replace("https://social.qinghe.example", "http://inner.example:3000");
    assert_eq!(addresses(&proxied.answer::<Mastodon>().unwrap().follow), [next], "never at another host");
    assert_eq!(self::page("timeline-known").follow, []);
    let search = self::page("search");
    assert_eq!(search.posts.len(), 2);
    assert!(search.follow[0].url.ends_with("&offset=2"), "{}", search.follow[0].url);
    let mut last = Fixture::read("timeline");
    "5/".clone_into(&mut last.parse.as_mut().unwrap().0.context);
    assert_eq!(last.answer::<Mastodon>().unwrap().follow, [], "the setting pages is 5");
}

#[test]
fn an_account_gives_its_statuses_and_boosts() {
    assert_eq!(addresses(&page("account").follow), [("timeline", "/api/v1/accounts/101/statuses?limit=40")]);
    let page = page("timeline-account");
    let boost = post(&page, "116198000000000004");
    assert_eq!((boost.kind, boost.parent.as_deref()), (Kind::Repost, Some(SECOND)));
    assert_eq!(boost.url, "https://m.linxian.example/@xiaoli/116197000000000002", "where a person can read it");
    assert_eq!(post(&page, SECOND).kind, Kind::Post, "the boosted status is a post of its own");
    assert_eq!(page.skipped, ["a status of another account: 116198000000000001"]);
    assert_eq!(page.posts.len(), 3);
}

#[test]
fn a_thread_knows_who_answers_whom() {
    assert_eq!(page("status").posts[0], *post(&page("timeline"), FIRST), "one status, one post");
    let page = page("context");
    let reply = post(&page, "116198000000000006");
    assert_eq!((reply.kind, reply.parent.as_deref()), (Kind::Comment, Some(FIRST)));
    assert_eq!(reply.text, "@laowang 我们这也是");
    assert_eq!(post(&page, "116198000000000007").parent.as_deref(), Some("116198000000000006"));
    assert_eq!(page.skipped, ["an answer to nothing in the thread: 116198000000000008"]);
    assert_eq!(page.posts.len(), 3);
}

#[test]
fn refusals_removals_and_nothing() {
    for name in ["timeline-members", "timeline-captcha", "search-token"] {
        assert!(matches!(failure(name), Failure::Blocked(_)), "{name}: {}", failure(name));
    }
    for name in ["account-gone", "status-gone"] {
        assert_eq!(failure(name), Failure::Gone, "{name}");
    }
    for name in ["timeline-empty", "search-nothing"] {
        assert_eq!(page(name), Page::default(), "{name}");
    }
    assert!(matches!(failure("status-other"), Failure::Unexpected(_)));
}

#[test]
fn an_answer_that_nobody_asked_for_is_read_by_its_shape() {
    for (name, posts) in
        [("timeline", 3), ("timeline-account", 4), ("search", 2), ("context", 4), ("status", 1), ("account", 0)]
    {
        let mut fixture = Fixture::read(name);
        let (request, _) = fixture.parse.as_mut().unwrap();
        request.context.clear();
        "timeline".clone_into(&mut request.step);
        let page = fixture.answer::<Mastodon>().unwrap();
        assert_eq!((page.posts.len(), page.follow.len()), (posts, 0), "{name}");
    }
}

#[test]
fn damage_invents_nothing() {
    fixture::bears_damage::<Mastodon>();
}

#[test]
fn an_odd_field_costs_no_more_than_itself() {
    fixture::bears_odd_fields::<Mastodon>();
}
