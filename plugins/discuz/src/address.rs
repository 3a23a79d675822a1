//! Addresses of threads, pages and people, in the forms that sites write.

/// What an answer can hold, by the address that answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// The rows of a board.
    Board,
    /// The rows of a search.
    Search,
    /// A thread.
    Floors,
}

/// Nothing for an address that is not written as forums write theirs.
pub(crate) fn holds(url: &str) -> Option<Holds> {
    if thread(url).is_some() {
        return Some(Holds::Floors);
    }
    if url.contains("/search.php") {
        return Some(Holds::Search);
    }
    (url.contains("forumdisplay") || after(url, "/forum-").is_some()).then_some(Holds::Board)
}

/// The number of the thread that an address leads to.
///
/// `thread-12-1-1.html`, `viewthread.php?tid=12`, `forum.php?mod=viewthread&tid=12`,
/// `forum-viewthread_12.html` and the like.
pub(crate) fn thread(url: &str) -> Option<&str> {
    if url.contains("viewthread") || url.contains("findpost") || url.contains("goto=lastpost") {
        let asked = after(url, "&tid=").or_else(|| after(url, "?tid=")).or_else(|| after(url, "ptid="));
        if let Some(id) = asked.or_else(|| after(url, "viewthread_")).or_else(|| after(url, "viewthread-")) {
            return Some(id);
        }
    }
    after(url, "thread-").or_else(|| after(url, "thread_"))
}

/// The number of the person whose page an address leads to: the page itself,
/// not what that person wrote or whom they know.
pub(crate) fn person(url: &str) -> Option<&str> {
    let page = ["space", "profile", "viewpro", "-uid-"].iter().any(|mark| url.contains(mark));
    if !page || url.contains("spacecp") || url.contains("do=") && !url.contains("do=profile") {
        return None;
    }
    ["uid-", "?uid=", "&uid=", ";uid=", "space_", "uid_"].iter().find_map(|mark| after(url, mark))
}

/// The host of an absolute address, with its port.
pub(crate) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// The digits after the first `mark` that has some.
pub(crate) fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let mut rest = text;
    while let Some(at) = rest.find(mark) {
        rest = &rest[at + mark.len()..];
        let digits = leading_digits(rest);
        if !digits.is_empty() {
            return Some(digits);
        }
    }
    None
}

/// The digits that a text begins with.
pub(crate) fn leading_digits(text: &str) -> &str {
    let len = text.bytes().take_while(u8::is_ascii_digit).count();
    &text[..len]
}

/// The page number that an address names, 1 if none.
pub(crate) fn page(url: &str) -> u32 {
    place(url).and_then(|(from, to)| url.get(from..to)?.parse().ok()).unwrap_or(1)
}

/// The same address with another page number, added if there is none to change.
pub(crate) fn with_page(url: &str, page: u32) -> String {
    let url = url.split('#').next().unwrap_or_default();
    match place(url) {
        Some((from, to)) => format!("{}{page}{}", &url[..from], &url[to..]),
        None if page == 1 => url.to_owned(),
        None => format!("{url}{}page={page}", if url.contains('?') { '&' } else { '?' }),
    }
}

/// Where the page number stands: `page=2`, `thread-12-2-1`, `viewthread_12_2`.
fn place(url: &str) -> Option<(usize, usize)> {
    for mark in ["&page=", "?page="] {
        if let Some(at) = url.find(mark) {
            let from = at + mark.len();
            let len = leading_digits(&url[from..]).len();
            return (len > 0).then_some((from, from + len));
        }
    }
    for (mark, separator) in [("thread-", "-"), ("viewthread_", "_")] {
        if let Some(id) = after(url, mark) {
            let at = url.find(&format!("{mark}{id}"))? + mark.len() + id.len();
            let rest = url[at..].strip_prefix(separator)?;
            let len = leading_digits(rest).len();
            return (len > 0).then_some((at + 1, at + 1 + len));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_thread_in_any_form() {
        for (url, expected) in [
            ("https://e.cn/thread-12-1-1.html", Some("12")),
            ("viewthread.php?tid=12&extra=page%3D1", Some("12")),
            ("forum.php?mod=viewthread&tid=12&highlight=x", Some("12")),
            ("forum-viewthread_12.html#lastpost", Some("12")),
            ("forum.php?mod=redirect&goto=findpost&ptid=12&pid=9", Some("12")),
            ("redirect.php?tid=12&goto=lastpost#lastpost", Some("12")),
            ("forum.php?mod=post&action=reply&tid=12", None),
            ("forum-2-1.html", None),
            ("thread-x.html", None),
        ] {
            assert_eq!(thread(url), expected, "{url}");
        }
    }

    #[test]
    fn changes_the_page_number() {
        for (url, expected) in [
            ("https://e.cn/thread-12-1-3.html", "https://e.cn/thread-12-7-3.html"),
            ("https://e.cn/viewthread.php?tid=12", "https://e.cn/viewthread.php?tid=12&page=7"),
            (
                "https://e.cn/forum.php?mod=viewthread&tid=12&page=3&x=1#p",
                "https://e.cn/forum.php?mod=viewthread&tid=12&page=7&x=1",
            ),
            ("https://e.cn/forum-viewthread_12_1_2.html", "https://e.cn/forum-viewthread_12_7_2.html"),
        ] {
            assert_eq!(with_page(url, 7), expected);
            assert_eq!(page(expected), 7);
        }
        assert_eq!(with_page("https://e.cn/viewthread.php?tid=12", 1), "https://e.cn/viewthread.php?tid=12");
    }

    #[test]
    fn finds_the_host() {
        assert_eq!(host("https://e.cn:81/thread-1-1-1.html"), "e.cn:81");
        assert_eq!(host("https://e.cn?x"), "e.cn");
        assert_eq!(host("thread-1-1-1.html"), "");
    }

    #[test]
    fn tells_people_from_pages() {
        assert_eq!(person("space-uid-14.html"), Some("14"));
        assert_eq!(person("home.php?mod=space&uid=3&mobile=2"), Some("3"));
        assert_eq!(person("space.php?action=viewpro&uid=77"), Some("77"));
        assert_eq!(person("https://blog.e.cn/blog-uid-2.html"), Some("2"));
        assert_eq!(person("home.php?mod=space&amp;uid=3&amp;do=profile"), Some("3"));
        assert_eq!(person("home.php?mod=space&uid=3&do=thread&from=space"), None);
        assert_eq!(person("home.php?mod=spacecp&ac=pm&touid=3"), None);
        assert_eq!(person("viewthread.php?tid=1&authorid=3&uid=3"), None);
    }
}
