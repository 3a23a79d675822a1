//! 报告.

use super::*;

#[tokio::test]
async fn a_report_is_read_on_a_page_and_taken_away_as_a_file() {
    let bureau = Bureau::new();
    let staff = bureau.office.session(Role::Staff);
    let shown = bureau.get(&staff, "/reports/view?kind=flash&incident=1&number=3").await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(
        shown.body.contains("class=\"paper\"")
            && shown.body.contains("&#60;img src=x") | shown.body.contains("&lt;img src=x")
    );
    assert!(!shown.body.contains("<img") && !shown.body.contains(" style="), "nothing inline, nothing from outside");
    assert!(
        shown.body.contains("/reports/file?kind=flash&#38;incident=1&#38;number=3&amp;format=docx"),
        "{}",
        shown.body
    );
    for kind in crate::report::Kind::ALL.map(crate::report::Kind::as_str) {
        let page = bureau.get(&staff, &format!("/reports/view?kind={kind}&incident=1")).await;
        assert_eq!((page.status, page.body.contains(" style=")), (200, false), "{kind}");
    }
    for (format, begins) in [("docx", "PK"), ("xlsx", "PK"), ("html", "<!doctype"), ("md", "# "), ("csv", "\u{feff}")] {
        let file = bureau.get(&staff, &format!("/reports/file?kind=flash&incident=1&format={format}")).await;
        assert!(file.status == 200 && file.body.starts_with(begins), "{format}: {}", &file.body[..20]);
    }
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told() {
    let bureau = Bureau::new();
    let [staff, system] = [Role::Staff, Role::System].map(|role| bureau.office.session(role));
    for (query, status) in [
        ("", 400),
        ("?kind=novel", 400),
        ("?kind=flash&colour=red", 400),
        ("?kind=flash", 422),
        ("?kind=flash&incident=9", 422),
        ("?kind=flash&incident=1&number=x", 400),
        ("?kind=daily&from=yesterday", 422),
        ("?kind=daily&from=2999-01-01", 422),
        ("?kind=daily&from=2026-07-02&to=2026-07-01", 422),
        ("?kind=daily&from=2026-07-01&to=2026-07-02", 200),
    ] {
        assert_eq!(bureau.get(&staff, &format!("/reports/view{query}")).await.status, status, "{query}");
    }
    assert_eq!(bureau.get(&system, "/reports").await.status, 403);
    for name in ["daily-2026-06-30.docx", "..%2Fstore.db", "notes.txt"] {
        assert_eq!(bureau.get(&staff, &format!("/reports/shelf/{name}")).await.status, 404, "{name}");
    }
    let shelf = bureau.office.owner.clerk.directory.reports();
    std::fs::create_dir_all(&shelf).unwrap();
    std::fs::write(shelf.join("daily-2026-06-30.docx"), "PK").unwrap();
    assert_eq!(bureau.get(&staff, "/reports/shelf/daily-2026-06-30.docx").await.body, "PK");
    assert!(bureau.get(&staff, "/reports").await.body.contains("/reports/shelf/daily-2026-06-30.docx"));
}
