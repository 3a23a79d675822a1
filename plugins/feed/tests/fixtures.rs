//! The plugin over feeds of the shapes that it will meet most.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use caifeng_feed::{Context, read};
use caifeng_plugin_sdk::{Kind, Page, Post};

/// 2026-03-09T04:00:00Z, noon in China.
const NOW: i64 = 1_773_028_800;
const CHINA: i32 = 8 * 3600;

fn page(body: &str, url: &str) -> Page {
    read(body, &Context { base: url, target: url, since: 0, now: NOW, utc_offset: CHINA }).unwrap()
}

fn extra(post: &Post) -> Vec<&str> {
    post.extra.iter().map(|(_, value)| value.as_str()).collect()
}

#[test]
fn a_bureau_with_relative_links_and_local_times() {
    let page = page(include_str!("../fixtures/bureau/body.xml"), "http://zjj.qinghe.example/rss/52.xml");
    let [notice, meeting] = &page.posts[..] else { panic!("{page:#?}") };
    assert_eq!(notice.id, "/rss/52.xml#http://zjj.qinghe.example/art/2026/3/9/art_52_10331.html");
    assert_eq!(notice.url, "http://zjj.qinghe.example/art/2026/3/9/art_52_10331.html");
    assert_eq!(notice.title.as_deref(), Some("关于城东片区临时停水的通知"));
    assert_eq!(notice.text, "各有关单位：\n\n因管网改造，3月10日8时至18时城东片区临时停水，请提前储水。");
    assert_eq!(notice.published, Some(NOW - 12_600), "08:30 by the bureau's own clock");
    assert_eq!(notice.language.as_deref(), Some("zh-cn"));
    assert_eq!(notice.kind, Kind::Article);
    assert_eq!(extra(notice), ["通知公告"]);
    assert_eq!(meeting.title.as_deref(), Some("建设局召开\"我为群众办实事\"座谈会 · 图文"));
    assert_eq!(meeting.text, "座谈会于3月8日召开 & 取得圆满成功");
    assert!(meeting.day_only);
    assert_eq!(page.skipped, [""; 0]);
}

#[test]
fn a_forum_where_two_threads_have_one_title() {
    let url = "http://bbs.qinghe.example/forum.php?mod=rss&fid=42";
    let page = page(include_str!("../fixtures/forum/body.xml"), url);
    let [first, second] = &page.posts[..] else { panic!("{page:#?}") };
    assert_eq!(first.id, "/forum.php?mod=rss&fid=42#http://bbs.qinghe.example/forum.php?mod=viewthread&tid=88231");
    assert_ne!(first.id, second.id);
    assert_eq!(first.media, ["http://bbs.qinghe.example/data/attachment/88231.jpg"]);
    assert_eq!(first.author.as_ref().map(|author| author.name.as_str()), Some("qh_laowang"));
    assert_eq!(second.text, "");
    assert_eq!(first.published, Some(NOW - 79));
}

#[test]
fn microblog_posts_by_way_of_a_generator() {
    let page = page(include_str!("../fixtures/weibo/body.xml"), "https://hub.example/weibo/user/1000000001");
    let [post] = &page.posts[..] else { panic!("{page:#?}") };
    assert_eq!(post.id, "/weibo/user/1000000001#https://weibo.example/1000000001/PabcDef12");
    assert_eq!(post.url, "https://weibo.example/1000000001/PabcDef12");
    assert_eq!(post.title.as_deref(), Some("【道路封闭提醒】滨河路（人民桥至南门）今日起封闭施工 [图片] [图片]"));
    assert_eq!(post.text, "@清河发布：【道路封闭提醒】滨河路（人民桥至南门）今日起封闭施工\n\n请绕行");
}

#[test]
fn rdf_with_the_usual_modules() {
    let page = page(include_str!("../fixtures/rdf/body.xml"), "https://news.example/index.rdf");
    let [post] = &page.posts[..] else { panic!("{page:#?}") };
    assert_eq!(post.text, "第一段，记者李四报道。\n\n第二段。");
    assert_eq!(post.author.as_ref().map(|author| author.name.as_str()), Some("李四"));
    assert_eq!(post.publisher.as_deref(), Some("清河日报社"));
    assert_eq!(post.published, Some(NOW - 10_800));
    assert_eq!(post.reactions.replies, Some(17));
    assert_eq!(post.reactions.likes, None);
    assert_eq!(post.language.as_deref(), Some("zh-Hans"));
}

#[test]
fn atom_with_threads_media_and_archive() {
    let page = page(include_str!("../fixtures/comments/body.xml"), "https://blog.example/comments.atom");
    let [comment, video] = &page.posts[..] else { panic!("{page:#?}") };
    assert_eq!(comment.kind, Kind::Comment);
    assert_eq!(comment.parent.as_deref(), Some("/comments.atom#tag:blog.example,2026:p1"));
    assert_eq!(comment.title.as_deref(), Some("Re: 停水通知 <三>"));
    assert_eq!(comment.text, "水压一直不够 < 0.1");
    assert_eq!(comment.url, "https://blog.example/p1#c9");
    assert_eq!(comment.media, ["https://blog.example/p1.png"]);
    assert_eq!(comment.reactions.replies, Some(3));
    assert_eq!(comment.publisher.as_deref(), Some("别处"));
    assert_eq!(comment.author.as_ref().map(|author| author.id.as_str()), Some("https://blog.example/u/5"));
    assert_eq!(comment.published, Some(NOW - 6 * 3600));
    assert_eq!(comment.edited, Some(NOW - 5 * 3600));
    assert_eq!(video.title.as_deref(), Some("视频"), "not the title of the medium");
    assert_eq!(video.author.as_ref().map(|author| author.name.as_str()), Some("站长"));
    assert_eq!((video.reactions.views, video.reactions.likes), (Some(3456), Some(12)));
    assert_eq!(video.text, "一段视频");
    assert_eq!(video.published, Some(NOW - 7 * 3600));
    assert_eq!(page.follow.len(), 1);
    assert_eq!(page.follow[0].url, "https://blog.example/comments.atom?page=2");
}

#[test]
fn an_archive_at_another_host_is_not_followed() {
    let url = "https://mirror.example/comments.atom";
    let context = Context { base: url, target: url, since: 0, now: NOW, utc_offset: 0 };
    assert_eq!(read(include_str!("../fixtures/comments/body.xml"), &context).unwrap().follow, []);
    let ported = Context { target: "https://Reader@BLOG.example:8443/comments.atom", ..context };
    assert_eq!(read(include_str!("../fixtures/comments/body.xml"), &ported).unwrap().follow.len(), 1);
}

#[test]
fn an_archive_is_left_when_it_is_older_than_what_is_stored() {
    let url = "https://blog.example/comments.atom";
    let context = Context { base: url, target: url, since: NOW, now: NOW, utc_offset: 0 };
    assert_eq!(read(include_str!("../fixtures/comments/body.xml"), &context).unwrap().follow, []);
}

#[test]
fn json_feed() {
    let page = page(include_str!("../fixtures/letters/body.json"), "https://letters.example/feed.json");
    let [letter, link] = &page.posts[..] else { panic!("{page:#?}") };
    assert_eq!(letter.id, "/feed.json#7");
    assert_eq!(letter.url, "https://letters.example/letters/7");
    assert_eq!(letter.text, "建议\n错峰");
    assert_eq!(letter.media, ["https://letters.example/a.pdf"]);
    assert_eq!(letter.author.as_ref().map(|author| author.name.as_str()), Some("信访局"));
    assert_eq!((letter.published, letter.edited), (Some(NOW - 7200), Some(NOW - 3600)));
    assert_eq!(link.url, "https://other.example/8");
    assert_eq!(link.text, "一行\n两行");
    assert_eq!(page.skipped, ["item without id, title, url and text: number 3"]);
}

#[test]
fn cdf() {
    let page = page(include_str!("../fixtures/channel/body.xml"), "http://cdf.example/channel.cdf");
    let [post] = &page.posts[..] else { panic!("{page:#?}") };
    assert_eq!(post.title.as_deref(), Some("First & only"));
    assert_eq!(post.url, "http://cdf.example/1.html");
    assert_eq!(post.text, "About it");
    assert_eq!(post.published, Some(883_710_240 - 28_800));
}
