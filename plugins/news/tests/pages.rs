//! What is read from each page in `fixtures/`, and from the same pages damaged.

#![allow(clippy::unwrap_used, reason = "a fixture that cannot be read is a failed test")]

mod fixture;

use std::collections::HashSet;

use caifeng_plugin_sdk::{Failure, Page, Post, Source, url};
use fixture::Fixture;

fn page(name: &str) -> Page {
    Fixture::read(name).page().unwrap()
}

fn post(name: &str) -> Post {
    let mut page = page(name);
    assert_eq!(page.posts.len(), 1, "{name}");
    page.posts.remove(0)
}

/// Steps and paths of the requests that a page makes.
fn follow(page: &Page) -> Vec<(String, String)> {
    page.follow.iter().map(|request| (request.step.clone(), url::path_and_query(&request.url))).collect()
}

fn paths(page: &Page) -> Vec<String> {
    follow(page).into_iter().map(|(_, path)| path).collect()
}

/// 2026-03-09, a time of day in China.
fn on_the_ninth(hour: i64, minute: i64) -> Option<i64> {
    Some(1_772_985_600 + hour * 3600 + minute * 60)
}

#[test]
fn each_target_starts_with_its_step() {
    for (name, step) in [("start-listing", "list"), ("start-sitemap", "sitemap"), ("start-item", "article")] {
        let requests = caifeng_news::News::start(&Fixture::read(name).crawl).unwrap();
        assert_eq!(requests.iter().map(|request| &*request.step).collect::<Vec<_>>(), [step], "{name}");
    }
}

#[test]
fn a_list_gives_its_new_articles_and_its_next_page() {
    let page = page("gov-list");
    assert!(page.posts.is_empty());
    let expected: Vec<String> = [
        "t20260308_81024",
        "t20260307_81011",
        "t20260306_80990",
        "t20260303_80961",
        "t20260302_80950",
        "t20260227_80912",
        "t20260225_80899",
    ]
    .iter()
    .map(|name| format!("/zwgk/tzgg/{}/{name}.html", &name[1..7]))
    .chain(["/zwgk/tzgg/index_1.html".to_owned()])
    .collect();
    assert_eq!(paths(&page), expected);
    assert_eq!(page.follow.last().map(|request| (&*request.step, &*request.context)), Some(("list", "page 2")));
}

#[test]
fn what_is_older_than_the_last_sweep_is_not_followed() {
    let page = page("gov-list-reached");
    // The day of the second began before and ended after `since`.
    assert_eq!(paths(&page)[..2], ["/zwgk/tzgg/202603/t20260308_81024.html", "/zwgk/tzgg/202603/t20260307_81011.html"]);
    assert_eq!(page.follow.len(), 2, "the next page is older still");
}

#[test]
fn a_list_in_tables_is_a_list() {
    let expected = ["1024", "1023", "1022", "1021", "1020"].map(|id| format!("/shownews.asp?id={id}"));
    let page = page("table-list");
    assert_eq!(paths(&page)[..5], expected);
    assert_eq!(paths(&page)[5..], ["/news.asp?class=2&page=2"]);
}

#[test]
fn a_home_page_gives_headlines_and_neither_menus_nor_adverts() {
    let page = page("portal-home");
    let mut expected = vec!["/local/2026/0309/c1001.html"];
    expected.extend(["/local/2026/0308/c0997.html", "/local/2026/0308/c0995.html", "/local/2026/0307/c0981.html"]);
    expected.extend([
        "/society/2026/0309/c1003.html",
        "/society/2026/0308/c0990.html",
        "/society/2026/0306/c0960.html",
    ]);
    assert_eq!(paths(&page), expected);
}

#[test]
fn an_honestly_empty_list_is_an_empty_page_and_a_scripted_one_a_failure() {
    assert_eq!(page("empty-list"), Page::default());
    assert!(matches!(Fixture::read("script-list").page(), Err(Failure::Unexpected(_))));
}

#[test]
fn reads_a_notice_of_a_government() {
    let post = post("gov-article");
    assert_eq!(post.id, "/zwgk/tzgg/202603/t20260308_81024.html");
    assert_eq!(post.title.as_deref(), Some("城东片区3月10日停水通知"));
    assert_eq!(post.published, Some(1_772_985_600 - 86_400 + 9 * 3600 + 1800));
    assert!(!post.day_only);
    assert_eq!(post.publisher.as_deref(), Some("县水务局"));
    assert_eq!(post.author, None);
    assert_eq!(post.reactions.views, Some(1_286));
    assert_eq!(post.language.as_deref(), Some("zh-CN"));
    assert_eq!(post.media, ["https://www.qinghe.example/zwgk/tzgg/202603/W020260308.jpg"]);
    assert!(post.text.starts_with("清河县自来水公司发布通知"), "{}", post.text);
    assert!(post.text.ends_with("清河县自来水公司\n2026年3月8日"), "{}", post.text);
    assert_eq!(post.text.lines().count(), 5);
}

#[test]
fn reads_a_notice_of_one_sentence() {
    let post = post("short-notice");
    assert_eq!(post.title.as_deref(), Some("停电通知"));
    assert_eq!(post.text, "因线路检修，东关街3月11日6时至9时停电，请相互转告。");
    assert!(post.day_only);
    assert_eq!(post.published, on_the_ninth(0, 0));
}

#[test]
fn reads_an_article_in_tables() {
    let post = post("table-article");
    assert_eq!(post.id, "/shownews.asp?id=1024");
    assert_eq!(post.title.as_deref(), Some("我县召开春季农业生产工作会议"));
    assert_eq!(post.author.map(|author| author.name).as_deref(), Some("王五"));
    assert_eq!(post.publisher.as_deref(), Some("本站原创"));
    assert_eq!(post.reactions.views, Some(385));
    assert_eq!(post.published, Some(1_772_985_600 - 86_400 + 15 * 3600 + 20 * 60 + 7));
    assert!(post.text.starts_with("3月7日，全县春季农业生产工作会议"), "{}", post.text);
    assert!(post.text.ends_with("用得放心。"), "{}", post.text);
}

#[test]
fn reads_an_article_of_a_portal_and_goes_on_to_its_next_part() {
    let page = page("portal-article");
    let post = &page.posts[0];
    assert_eq!(post.id, "/local/2026/0309/c1001.html");
    assert_eq!(post.url, "https://news.qinghe.example/local/2026/0309/c1001.html");
    assert_eq!(post.published, on_the_ninth(10, 24));
    assert_eq!(post.edited, on_the_ninth(11, 2));
    assert_eq!(post.publisher.as_deref(), Some("清河日报"));
    assert_eq!(post.author.as_ref().map(|author| &*author.name), Some("赵六"));
    assert_eq!(post.media, ["https://news.qinghe.example/img/1001.jpg"]);
    assert!(post.text.ends_with("居民多次通过县长信箱反映。"), "{}", post.text);
    assert_eq!(post.text.lines().count(), 3);
    let next = &page.follow[0];
    assert_eq!(next.url, "https://news.qinghe.example/local/2026/0309/c1001_2.html");
    assert_eq!(next.context, "part 2 of /local/2026/0309/c1001.html");
}

#[test]
fn a_further_part_says_what_it_continues() {
    let page = page("portal-part");
    assert_eq!(page.posts[0].parent.as_deref(), Some("/local/2026/0309/c1001.html"));
    assert_eq!(page.posts[0].extra, [("part".to_owned(), "2".to_owned())]);
    assert!(page.follow.is_empty());
}

#[test]
fn reads_an_article_in_english() {
    let post = post("english-article");
    assert_eq!(post.id, "/2026/03/09/east-side-water-outage/");
    assert_eq!(post.url, "https://times.qinghe.example/2026/03/09/east-side-water-outage");
    assert_eq!(post.title.as_deref(), Some("East side to lose water for ten hours on Tuesday"));
    assert_eq!(post.author.map(|author| author.name).as_deref(), Some("Jane Zhao"));
    assert_eq!(post.published, on_the_ninth(9, 15));
    assert!(
        post.text.starts_with("About 3,200 households") && post.text.ends_with("ten hours is nothing.”"),
        "{}",
        post.text
    );
}

#[test]
fn pages_in_the_place_of_others_are_told_apart() {
    assert_eq!(Fixture::read("soft-404").page(), Err(Failure::Gone));
    assert!(matches!(Fixture::read("login").page(), Err(Failure::Blocked(_))));
    assert!(matches!(Fixture::read("captcha").page(), Err(Failure::Blocked(_))));
}

#[test]
fn an_article_that_leads_home_is_gone() {
    let Fixture { crawl, call, .. } = Fixture::read("gov-article");
    let (request, mut response) = call.unwrap();
    response.url = "https://www.qinghe.example/".to_owned();
    assert_eq!(caifeng_news::News::parse(&crawl, &request, &response), Err(Failure::Gone));
    response.url.clone_from(&request.url);
    response.status = 403;
    assert!(matches!(caifeng_news::News::parse(&crawl, &request, &response), Err(Failure::Blocked(_))));
}

#[test]
fn news_about_captchas_is_news() {
    let notice = Fixture::read("short-notice");
    let body = notice
        .body()
        .replace("因线路检修，东关街3月11日6时至9时停电，请相互转告。", "谨防诈骗：任何人索要验证码都不要告诉他。");
    assert_eq!(notice.page_of(&body).unwrap().posts.len(), 1);
}

#[test]
fn sitemaps_give_what_is_new_newest_first() {
    let news = page("news-sitemap");
    let article = |path: &str| ("article".to_owned(), path.to_owned());
    assert_eq!(follow(&news), [article("/local/2026/0309/c1001.html"), article("/society/2026/0308/c0990.html")]);
    assert_eq!(news.skipped.len(), 1);
    let index = page("sitemap-index");
    assert_eq!(follow(&index), [("sitemap".to_owned(), "/sitemap-2026-03.xml".to_owned())]);
    assert_eq!(index.skipped.len(), 1);
}

#[test]
fn damage_invents_no_post() {
    let fixtures: Vec<Fixture> = Fixture::all().into_iter().filter(|fixture| fixture.call.is_some()).collect();
    for fixture in &fixtures {
        let known: HashSet<String> =
            fixture.page().into_iter().flat_map(|page| page.posts).map(|post| post.id).collect();
        let check = |body: &str, how: &str| {
            for post in fixture.page_of(body).into_iter().flat_map(|page| page.posts) {
                assert!(known.contains(&post.id), "{} {how}: {}", fixture.name, post.id);
            }
        };
        assert!(fixture.page_of("").is_err(), "{} emptied", fixture.name);
        let body = fixture.body();
        for (cut, _) in body.char_indices().step_by(97) {
            check(&body[..cut], "cut");
            check(&body[cut..], "beheaded");
        }
        let mut lines: Vec<&str> = body.lines().collect();
        for turn in 0..12 {
            lines.rotate_left(1 + turn % 3);
            let half = lines.len() / 2;
            lines[..half].reverse();
            check(&lines.join("\n"), "shuffled");
        }
        for other in fixtures.iter().filter(|other| other.step() != fixture.step()) {
            check(other.body(), &other.name);
        }
    }
}

#[test]
fn another_step_s_page_is_unexpected() {
    let article = Fixture::read("gov-article");
    for other in ["news-sitemap", "sitemap-index"] {
        assert!(matches!(article.page_of(Fixture::read(other).body()), Err(Failure::Unexpected(_))), "{other}");
    }
    assert!(matches!(Fixture::read("news-sitemap").page_of(article.body()), Err(Failure::Unexpected(_))));
}

#[test]
fn hostile_pages_take_linear_time() {
    // With quadratic work each of these would take minutes.
    let article = Fixture::read("gov-article");
    let list = Fixture::read("gov-list");
    let sitemap = Fixture::read("news-sitemap");
    let units = [
        "<div>",
        "<b>",
        "<p>a",
        "<table><tr><td>",
        "<a href=/1.html>a title that is long enough</a>",
        "<a href=/1.html>",
        "<li><a href='/",
        "<h1>来源：",
        "<title>a - ",
        "2026-03-09 ",
        "<br>",
        "<ul><li>",
        "<div class='page'>1",
        "<span class=author>",
        "&",
        "<script>createPageHTML(",
        "<time datetime=2026-03-09>",
        "，",
        "<loc>",
        "<url>",
        "<url><loc>/a</loc></url>",
        "<meta name=date content=2026>",
    ];
    for unit in units {
        let n = 60_000 / unit.len();
        let page = unit.repeat(n);
        for body in [page.clone(), format!("<html><body><h1>标题标题</h1>{page}")] {
            assert!(article.page_of(&body).map_or(true, |page| page.posts.len() <= 1), "{unit}");
            assert!(list.page_of(&body).map_or(true, |page| page.posts.is_empty()), "{unit}");
        }
        let body = format!("<urlset>{page}");
        assert!(sitemap.page_of(&body).map_or(true, |page| page.follow.len() <= 500), "{unit}");
    }
}

#[test]
fn rows_that_are_no_list_element_keep_their_own_dates() {
    let row = |day: u8| {
        format!(
            "<div class=row><div><a href='/a/2026{day}.html'>城东片区第{day}号停水通知的说明</a></div><i>2026-03-0{day}</i></div>"
        )
    };
    let rows: String = (1..=8).rev().map(row).collect();
    let page = Fixture::read("gov-list-reached").page_of(&format!("<body><div class=rows>{rows}</div>")).unwrap();
    assert_eq!(paths(&page), ["/a/20268.html", "/a/20267.html"]);
}
