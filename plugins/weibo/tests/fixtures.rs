//! The plugin over answers of the three faces of Weibo, of real shape and with
//! invented content.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use caifeng_plugin_sdk::{Failure, Kind, Page, Post, Request};
use caifeng_weibo::Weibo;
use fixture::{Fixture, extra};

/// 2026-03-09 12:00 in China.
const NOW: i64 = 1_773_028_800;
const DAY: i64 = 86_400;

fn page(name: &str) -> Page {
    Fixture::read(name).answer::<Weibo>().unwrap_or_else(|failure| panic!("{name}: {failure}"))
}

fn failure(name: &str) -> Failure {
    Fixture::read(name).answer::<Weibo>().expect_err(name)
}

fn start(name: &str) -> Vec<Request> {
    Fixture::read(name).start::<Weibo>().unwrap()
}

fn post<'a>(page: &'a Page, id: &str) -> &'a Post {
    page.posts.iter().find(|post| post.id == id).unwrap_or_else(|| panic!("no {id} in {page:#?}"))
}

fn addresses(requests: &[Request]) -> Vec<(&str, &str)> {
    requests.iter().map(|request| (request.step.as_str(), request.url.as_str())).collect()
}

#[test]
fn each_target_asks_its_addresses() {
    assert_eq!(
        addresses(&start("start-search")),
        [(
            "search",
            "https://m.weibo.cn/api/container/getIndex?containerid=100103type%3D61%26q%3D%E6%B8%85%E6%B2%B3%20%E5%81%9C%E6%B0%B4%26t%3D&page_type=searchall"
        )]
    );
    assert_eq!(
        start("start-account")[0].url,
        "https://m.weibo.cn/api/container/getIndex?type=uid&value=1000000001&containerid=1076031000000001"
    );
    assert_eq!(
        start("start-account-desktop")[0].url,
        "https://weibo.com/ajax/statuses/mymblog?uid=1000000001&feature=0"
    );
    assert_eq!(
        addresses(&start("start-item")),
        [
            ("post", "https://m.weibo.cn/statuses/show?id=5274100001234567"),
            ("comments", "https://m.weibo.cn/comments/hotflow?id=5274100001234567&mid=5274100001234567&max_id_type=0"),
            ("reposts", "https://m.weibo.cn/api/statuses/repostTimeline?id=5274100001234567"),
        ]
    );
    let desktop = start("start-item-desktop");
    assert_eq!(desktop[0].url, "https://weibo.com/ajax/statuses/show?id=Qv5G85ban");
    assert!(desktop[1].url.contains("&id=5274100001234567&"), "{}", desktop[1].url);
    assert!(start("start-item-open").iter().all(|request| request.url.starts_with("https://api.weibo.com/2/")));
    assert_eq!(
        addresses(&start("start-mentions")),
        [("timeline", "https://api.weibo.com/2/statuses/mentions.json?count=50")]
    );
    assert!(matches!(Fixture::read("start-search-open").start::<Weibo>(), Err(Failure::Unsupported(_))));
}

#[test]
fn a_search_gives_posts_and_asks_for_what_was_cut() {
    let page = page("search");
    let fresh = post(&page, "5274100001234567");
    assert_eq!(fresh.url, "https://weibo.com/1000000017/Qv5G85ban");
    assert_eq!(fresh.text, "#清河停水# 停到现在还没来水[怒]\n小区水箱也空了");
    assert_eq!((fresh.published, fresh.day_only), (Some(NOW - 180), false));
    assert_eq!(fresh.author.as_ref().map(|by| (by.id.as_str(), by.name.as_str())), Some(("1000000017", "河边老王")));
    let counts = fresh.reactions;
    assert_eq!((counts.views, counts.likes, counts.replies, counts.shares), (None, Some(31), Some(5), Some(2)));
    assert_eq!(fresh.media, ["https://wx1.example/large/p2.jpg", "https://video.example/p2.mov"]);
    assert_eq!(extra(fresh, "region"), Some("河北"));

    let repost = post(&page, "5274100002345678");
    assert_eq!((repost.kind, repost.parent.as_deref()), (Kind::Repost, Some("5274100000012345")));
    assert_eq!(repost.published, Some(NOW - DAY + 60), "昨天 12:01");
    let original = post(&page, "5274100000012345");
    assert_eq!(original.kind, Kind::Post);
    assert_eq!(original.text, "城东片区3月9日8时至18时临时停水，详见http://www.qinghe.example/art/10331.html");
    let counts = original.reactions;
    assert_eq!((counts.likes, counts.replies, counts.shares), (Some(1_000_000), Some(3_456), Some(12_000)));
    assert_eq!(post(&page, "5274100005678901").media, ["https://f.video.example/720.mp4"]);

    assert_eq!(page.posts.len(), 4, "neither the excerpt nor the removed post");
    let [long, next] = &page.follow[..] else { panic!("{:#?}", page.follow) };
    assert_eq!(
        (long.step.as_str(), long.url.as_str()),
        ("long", "https://m.weibo.cn/statuses/extend?id=5274100003456789")
    );
    assert!(next.url.ends_with("&page=2"), "{}", next.url);
    assert_eq!(page.skipped, ["a post that was removed: 5274100004567890", "a card without its post: seqid:1|mid:0"]);
}

#[test]
fn a_list_is_left_where_it_is_older_than_what_is_stored() {
    let page = page("search-old");
    assert_eq!(page.follow, [], "neither the next page nor a text that was read when it was new");
    assert_eq!(page.posts.len(), 2);
}

#[test]
fn nothing_found_is_an_empty_page_and_another_layout_is_not() {
    for name in
        ["search-nothing", "search-words-only", "timeline-empty", "comments-none", "comments-closed", "reposts-none"]
    {
        assert_eq!(page(name), Page::default(), "{name}");
    }
    for name in ["search-changed", "post-other"] {
        assert!(matches!(failure(name), Failure::Unexpected(_)), "{name}");
    }
}

#[test]
fn refusals_are_blocked_and_deletions_gone() {
    for name in [
        "search-login",
        "search-often",
        "search-418",
        "timeline-432",
        "timeline-visitor",
        "mentions-expired",
        "mentions-limit",
        "long-login",
    ] {
        assert!(matches!(failure(name), Failure::Blocked(_)), "{name}: {}", failure(name));
    }
    for name in ["post-gone", "post-hidden", "long-gone"] {
        assert_eq!(failure(name), Failure::Gone, "{name}");
    }
}

#[test]
fn an_account_gives_its_own_posts() {
    let page = page("timeline");
    let ids: Vec<_> = page.posts.iter().map(|post| post.id.as_str()).collect();
    assert_eq!(ids, ["5274100008901234", "5274100005678901", "5274100000012345"], "not the post that it liked");
    assert_eq!(page.posts[0].published, Some(NOW - NOW % DAY - 8 * 3600 - 68 * DAY), "2025-12-31 in China");
    let [long, next] = &page.follow[..] else { panic!("{:#?}", page.follow) };
    assert_eq!(long.step, "long");
    assert!(next.url.ends_with("&since_id=5274000000000001"), "{}", next.url);
}

#[test]
fn the_desktop_tells_the_same_posts() {
    let desktop = page("timeline-desktop");
    let mobile = page("search");
    let (one, other) = (post(&desktop, "5274100000012345"), post(&mobile, "5274100000012345"));
    assert_eq!(
        (&one.url, &one.text, &one.author, one.published),
        (&other.url, &other.text, &other.author, other.published)
    );
    assert_eq!(one.media, other.media);
    let repost = post(&desktop, "5274100002345678");
    assert_eq!(repost.parent.as_deref(), Some("5274100006789012"));
    assert_eq!(extra(repost, "original"), Some("removed"));
    assert_eq!(desktop.posts.len(), 2, "what is no longer there is no post");
    assert_eq!(desktop.skipped, ["a post without an id: 坏的"]);
    assert_eq!(
        addresses(&desktop.follow),
        [
            ("long", "https://weibo.com/ajax/statuses/longtext?id=Qv5G8evgF"),
            ("timeline", "https://weibo.com/ajax/statuses/mymblog?uid=1000000001&feature=0&page=2"),
        ]
    );
}

#[test]
fn one_post_has_its_whole_text_whichever_way() {
    let shown = page("post");
    assert_eq!(
        shown.posts[0].text,
        "城东停水已经是这个月第三次了，上次说是管网改造，这次又说是水泵检修。\n\n请问到底什么时候能修好？"
    );
    assert_eq!(shown.posts[0].edited, Some(NOW - DAY - 3 * 3600));
    let asked = page("post-desktop");
    assert_eq!((asked.posts.len(), asked.follow.len()), (0, 1));
    assert_eq!(page("long-desktop").posts[0].text, shown.posts[0].text);
    assert_eq!(page("post-open").posts[0].text, "城东停水已经是这个月第三次了。\n\n请问到底什么时候能修好？");
    assert_eq!(page("post-page").posts[0].id, "5274100001234567");
}

#[test]
fn a_full_text_comes_back_with_what_the_list_told() {
    // The request that the search makes is the one that the fixture answers.
    let search = page("search");
    let fixture = Fixture::read("long");
    let (asked, answer) = fixture.parse.as_ref().unwrap();
    assert_eq!((&asked.url, &asked.step), (&search.follow[0].url, &search.follow[0].step));
    let page = <Weibo as caifeng_plugin_sdk::Source>::parse(&fixture.crawl, &search.follow[0], answer).unwrap();
    let [long] = &page.posts[..] else { panic!("{page:#?}") };
    assert_eq!(long.url, "https://weibo.com/1000000019/Qv5G8evgF");
    assert!(long.text.ends_with("请问到底什么时候能修好？[怒]"), "{}", long.text);
    assert_eq!((long.published, long.day_only), (Some(1_772_926_891), false), "03-08, by its number at 07:41:31");
    assert_eq!((long.reactions.likes, long.reactions.shares), (Some(88), Some(12)));
    assert_eq!(extra(long, "region"), Some("北京"));
    assert_eq!(fixture.answer::<Weibo>().unwrap().posts[0].text, long.text);
}

#[test]
fn dots_show_a_cut_text_and_a_text_may_be_no_longer_than_shown() {
    let page = page("timeline-dots");
    assert_eq!(page.posts.iter().map(|post| post.text.as_str()).collect::<Vec<_>>(), ["没有下文了..."]);
    assert_eq!(page.follow[0].step, "long");
    let [whole] = &self::page("long-none").posts[..] else { panic!("no post") };
    assert_eq!(whole.text, "城东停水已经是这个月第三次了，上次说是管网改造，这次又说是水泵检修");
    let mut unknown = Fixture::read("long-none");
    "{\"page\":1}".clone_into(&mut unknown.parse.as_mut().unwrap().0.context);
    assert!(matches!(unknown.answer::<Weibo>(), Err(Failure::Unexpected(_))));
}

#[test]
fn a_text_that_cannot_be_had_alone_is_looked_for_in_its_post_and_an_excerpt_is_never_stored() {
    let fixture = Fixture::read("long");
    let asked = fixture.with::<Weibo>(r#"{"ok":0,"msg":"fail"}"#).unwrap();
    let [post] = &asked.follow[..] else { panic!("{asked:#?}") };
    assert_eq!((post.step.as_str(), asked.posts.len(), asked.skipped.len()), ("post", 0, 0));
    assert_eq!(post.url, "https://m.weibo.cn/statuses/show?id=5274100003456789");

    let mut second = Fixture::read("post");
    second.parse.as_mut().unwrap().0.context.clone_from(&post.context);
    let whole = second.answer::<Weibo>().unwrap();
    assert_eq!((whole.posts.len(), whole.follow.len()), (1, 0));
    assert!(whole.posts[0].text.ends_with("请问到底什么时候能修好？"));
    let body = second.parse.as_ref().unwrap().1.body.clone();
    let cut = body.replace(
        "。<br /><br />请问到底什么时候能修好？",
        "\u{200b}...<a href=\\\"/status/5274100003456789\\\">全文</a>",
    );
    assert!(cut != body);
    let Err(Failure::Unexpected(said)) = second.with::<Weibo>(&cut) else { panic!("an excerpt was taken for a text") };
    assert!(said.contains("5274100003456789"), "{said}");
    // A list or a post that was not asked for in vain asks for the text, as ever.
    let first = Fixture::read("post").with::<Weibo>(&cut).unwrap();
    assert_eq!((first.posts.len(), first.follow[0].step.as_str()), (0, "long"));
}

#[test]
fn comments_know_their_post_and_whom_they_answer() {
    let page = page("comments");
    let root = post(&page, "5274100010123456");
    assert_eq!((root.kind, root.parent.as_deref()), (Kind::Comment, Some("5274100001234567")));
    assert_eq!(root.url, "https://m.weibo.cn/detail/5274100001234567?cid=5274100010123456");
    assert_eq!(root.text, "我们小区也没水[怒]");
    assert_eq!((root.reactions.likes, root.reactions.replies), (Some(11_000), Some(7)));
    assert_eq!(root.published, Some(NOW - 120));
    assert_eq!(extra(root, "region"), Some("河北"));
    let answer = post(&page, "5274100010123499");
    assert_eq!(answer.parent.as_deref(), Some("5274100010123456"));
    assert_eq!(answer.text, "回复@城东小李:我们这也是");
    assert_eq!(post(&page, "5274100010123512").media, ["https://wx2.example/large/p9.jpg"]);
    assert_eq!(page.skipped, ["a comment without an id: 没有号"]);
    assert_eq!(
        addresses(&page.follow),
        [
            ("comments", "https://m.weibo.cn/comments/hotFlowChild?cid=5274100010123456&max_id=0&max_id_type=0"),
            (
                "comments",
                "https://m.weibo.cn/comments/hotflow?id=5274100001234567&mid=5274100001234567&max_id=138573749325&max_id_type=1"
            ),
        ]
    );
}

#[test]
fn comments_are_the_same_through_each_face() {
    let answers = page("comments-answers");
    assert_eq!(answers.posts.len(), 2);
    assert_eq!(post(&answers, "5274100010123555").parent.as_deref(), Some("5274100010123456"));
    let desktop = page("comments-desktop");
    assert_eq!(post(&desktop, "5274100010123512").text, "什么时候来水[疑问]");
    assert_eq!(post(&desktop, "5274100010123499").parent.as_deref(), Some("5274100010123456"));
    let own = page("comments-to-me");
    assert_eq!(post(&own, "5274100010123456").parent.as_deref(), Some("5274100000012345"));
    assert_eq!(post(&own, "5274100010123555").parent.as_deref(), Some("5274100010123499"));
    assert_eq!(post(&own, "5274100000012345").kind, Kind::Post);
}

#[test]
fn mentions_through_the_open_platform() {
    let page = page("mentions");
    let [mention] = &page.posts[..] else { panic!("{page:#?}") };
    assert_eq!(mention.id, "5274100001234567");
    assert_eq!(mention.media, ["http://wx1.example/large/p2.jpg"]);
    assert_eq!(extra(mention, "client"), Some("iPhone客户端"));
    let long = ("post", "https://api.weibo.com/2/statuses/show.json?id=5274100003456789&isGetLongText=1");
    assert_eq!(
        addresses(&page.follow),
        [long, ("timeline", "https://api.weibo.com/2/statuses/mentions.json?count=50&page=2")]
    );
}

#[test]
fn reposts_belong_to_the_post_that_was_asked_for() {
    let mobile = page("reposts");
    let [repost] = &mobile.posts[..] else { panic!("{mobile:#?}") };
    assert_eq!((repost.kind, repost.parent.as_deref()), (Kind::Repost, Some("5274100001234567")));
    assert_eq!(repost.text, "同问@清河发布");
    assert_eq!(mobile.skipped, ["a repost of another post: 5274100011234600"]);
    assert!(mobile.follow[0].url.ends_with("&page=2"));
    for name in ["reposts-desktop", "reposts-open"] {
        let other = page(name);
        assert_eq!((&other.posts[0].id, &other.posts[0].text), (&repost.id, &repost.text), "{name}");
        assert_eq!(other.posts.len(), 1, "{name}");
    }
}

#[test]
fn an_answer_that_nobody_asked_for_is_read_by_its_shape() {
    for name in ["search", "timeline", "comments", "reposts", "post", "long-desktop"] {
        let mut fixture = Fixture::read(name);
        let (request, _) = fixture.parse.as_mut().unwrap();
        request.context.clear();
        "timeline".clone_into(&mut request.step);
        let page = fixture.answer::<Weibo>().unwrap();
        assert!(!page.posts.is_empty(), "{name}");
        assert_eq!(page.follow, [], "{name}");
        let cut = page.posts.iter().filter(|post| extra(post, "excerpt").is_some()).count();
        assert_eq!(cut, usize::from(matches!(name, "search" | "timeline")), "{name}: excerpts are marked");
    }
}

#[test]
fn damage_invents_nothing() {
    fixture::bears_damage::<Weibo>();
}

#[test]
fn an_odd_field_costs_no_more_than_itself() {
    fixture::bears_odd_fields::<Weibo>();
}
