//! The plugin over answers of a forum, of real shape and with invented content.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../weibo/tests/fixture/mod.rs"]
mod fixture;

use caifeng_discourse::Discourse;
use caifeng_plugin_sdk::{Failure, Kind, Page, Post, Request};
use fixture::{Fixture, extra};

/// 2026-03-09 12:00 in China.
const NOW: i64 = 1_773_028_800;
const FORUM: &str = "https://forum.qinghe.example";

fn page(name: &str) -> Page {
    Fixture::read(name).answer::<Discourse>().unwrap_or_else(|failure| panic!("{name}: {failure}"))
}

fn failure(name: &str) -> Failure {
    Fixture::read(name).answer::<Discourse>().expect_err(name)
}

fn post<'a>(page: &'a Page, id: &str) -> &'a Post {
    page.posts.iter().find(|post| post.id == id).unwrap_or_else(|| panic!("no {id} in {page:#?}"))
}

/// Steps and addresses, without the forum's.
fn addresses(requests: &[Request]) -> Vec<(&str, &str)> {
    requests.iter().map(|request| (request.step.as_str(), request.url.strip_prefix(FORUM).unwrap())).collect()
}

#[test]
fn each_target_asks_its_address() {
    for (name, step, address) in [
        ("start-category", "list", "/c/local/5.json"),
        ("start-topic", "topic", "/t/57.json"),
        ("start-post", "post", "/posts/226.json"),
        ("start-search", "search", "/search.json?q=%E5%81%9C%E6%B0%B4%20order%3Alatest&page=1"),
    ] {
        assert_eq!(addresses(&Fixture::read(name).start::<Discourse>().unwrap()), [(step, address)], "{name}");
    }
    assert!(matches!(Fixture::read("start-search-nowhere").start::<Discourse>(), Err(Failure::Unsupported(_))));
}

#[test]
fn a_list_leads_to_the_topics_that_were_touched() {
    let page = page("list");
    assert_eq!(page.posts, [], "a row has no text");
    assert_eq!(
        addresses(&page.follow),
        [("topic", "/t/57.json"), ("topic", "/t/58.json"), ("list", "/latest.json?no_definitions=true&page=1")]
    );
    assert_eq!(page.skipped, ["a topic without a number: 没有号"]);
    assert_eq!(addresses(&self::page("list-older").follow), [("topic", "/t/58.json")], "an old topic ends the list");
    assert_eq!(self::page("list-empty"), Page::default());
}

#[test]
fn a_topic_gives_its_posts() {
    let page = page("topic");
    let first = post(&page, "57/1");
    assert_eq!((first.kind, first.parent.as_deref()), (Kind::Post, None));
    assert_eq!(first.url, "https://forum.qinghe.example/t/topic/57");
    assert_eq!(first.title.as_deref(), Some("城东又停水了，什么时候能来？"));
    assert_eq!(first.text, "从早上七点停到现在 :rage:\n\n见公告：http://www.qinghe.example/art/10331.html");
    assert_eq!(first.media, ["https://cdn.example/original/1X/a.jpeg"]);
    assert_eq!((first.published, first.edited), (Some(NOW - 14_580), Some(NOW - 12_600)));
    let counts = first.reactions;
    assert_eq!((counts.views, counts.likes, counts.replies), (Some(268), Some(14), Some(45)));
    assert_eq!(first.author.as_ref().map(|by| (by.id.as_str(), by.name.as_str())), Some(("17", "laowang")));
    assert_eq!((extra(first, "tags"), extra(first, "closed")), (Some("供水 城东"), Some("true")));

    let reply = post(&page, "57/2");
    assert_eq!((reply.kind, reply.parent.as_deref(), reply.title.as_deref()), (Kind::Comment, Some("57/1"), None));
    assert_eq!(reply.url, "https://forum.qinghe.example/t/topic/57/2");
    assert_eq!((reply.edited, reply.reactions.likes), (None, None));
    assert_eq!(post(&page, "57/3").parent.as_deref(), Some("57/2"));
    assert_eq!(extra(post(&page, "57/6"), "hidden"), Some("true"));
    assert_eq!(page.posts.len(), 4, "neither an action nor a deleted post");
    assert_eq!(page.skipped, ["a post that was deleted: 57/5", "a post without its number: 没有楼层"]);
}

#[test]
fn a_long_topic_is_read_backwards_until_it_is_known() {
    let topic = page("topic");
    let [newest] = &topic.follow[..] else { panic!("{:#?}", topic.follow) };
    let asked = Fixture::read("posts").parse.unwrap().0;
    assert_eq!((&newest.url, &newest.step), (&asked.url, &asked.step));
    let posts = page("posts");
    assert_eq!((posts.posts.len(), post(&posts, "57/46").parent.as_deref()), (20, Some("57/1")));
    let [older] = &posts.follow[..] else { panic!("{:#?}", posts.follow) };
    assert!(older.url.contains("post_ids[]=301&") && older.url.ends_with("post_ids[]=320"), "{}", older.url);
    let known = page("posts-known");
    assert_eq!((known.posts.len(), known.follow.len()), (2, 0));
    assert_eq!(known.skipped, ["a post of another topic: 999"]);
}

#[test]
fn the_same_post_has_one_form_everywhere() {
    let (topic, recent) = (page("topic"), page("recent"));
    for id in ["57/1", "57/2"] {
        let (one, other) = (post(&topic, id), post(&recent, id));
        assert_eq!(
            (&one.url, &one.title, &one.text, &one.parent),
            (&other.url, &other.title, &other.text, &other.parent)
        );
    }
    assert_eq!(addresses(&recent.follow), [("recent", "/posts.json?before=201")]);
    let single = page("post");
    assert_eq!(single.posts[0].text, post(&topic, "57/2").text);
    assert_eq!(addresses(&single.follow), [("topic", "/t/57.json")]);
}

#[test]
fn hits_of_a_search_are_asked_for_whole() {
    let page = page("search");
    assert_eq!(page.posts, []);
    assert_eq!(
        addresses(&page.follow),
        [
            ("posts", "/t/57/posts.json?post_ids[]=340&post_ids[]=321"),
            ("posts", "/t/58/posts.json?post_ids[]=77"),
            ("search", "/search.json?q=%E5%81%9C%E6%B0%B4%20order%3Alatest&page=2"),
        ]
    );
    assert_eq!(page.skipped.len(), 1);
    assert_eq!(addresses(&self::page("search-old-version").follow), [("topic", "/t/57.json"), ("topic", "/t/58.json")]);
    assert_eq!(self::page("search-nothing"), Page::default());
}

#[test]
fn refusals_and_removals() {
    for name in ["list-login", "list-challenge", "search-often"] {
        assert!(matches!(failure(name), Failure::Blocked(_)), "{name}: {}", failure(name));
    }
    for name in ["list-gone", "topic-gone", "post-deleted"] {
        assert_eq!(failure(name), Failure::Gone, "{name}");
    }
    assert!(matches!(failure("topic-other"), Failure::Unexpected(_)));
}

#[test]
fn an_answer_that_nobody_asked_for_gives_its_rows() {
    for (name, posts) in
        [("list", 3), ("search", 3), ("search-old-version", 2), ("topic", 4), ("posts", 20), ("recent", 2)]
    {
        let mut fixture = Fixture::read(name);
        let (request, _) = fixture.parse.as_mut().unwrap();
        request.context.clear();
        "list".clone_into(&mut request.step);
        let page = fixture.answer::<Discourse>().unwrap();
        assert_eq!((page.posts.len(), page.follow.len()), (posts, 0), "{name}");
    }
    let mut fixture = Fixture::read("list");
    fixture.parse.as_mut().unwrap().0.context.clear();
    let page = fixture.answer::<Discourse>().unwrap();
    let pinned = post(&page, "8/1");
    assert_eq!((pinned.text.as_str(), extra(pinned, "excerpt")), ("请先阅读规则…", Some("true")));
    assert_eq!(pinned.author.as_ref().map(|by| by.name.as_str()), Some("admin"));
}

#[test]
fn damage_invents_nothing() {
    fixture::bears_damage::<Discourse>();
}

#[test]
fn an_odd_field_costs_no_more_than_itself() {
    fixture::bears_odd_fields::<Discourse>();
}
