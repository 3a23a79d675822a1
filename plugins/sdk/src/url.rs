//! Absolute addresses.
//!
//! The resolution of RFC 3986, section 5.2, on strings. It does not validate,
//! encode or normalise: an address that is already absolute is returned as it
//! was written, because sites identify posts by exactly that string.

/// Resolves `reference` against the absolute address `base`.
///
/// White space around it, and tabs and line breaks within it, are dropped, as
/// browsers do. An unusable base returns the reference.
///
/// ```
/// use caifeng_plugin_sdk::url;
///
/// assert_eq!(url::join("https://example.org/a/b?c", "../d?e#f"), "https://example.org/d?e#f");
/// assert_eq!(url::join("https://example.org/a/b?c", "//cdn.example.org/x"), "https://cdn.example.org/x");
/// assert_eq!(url::join("https://example.org/", "http://other.example/a/../b"), "http://other.example/a/../b");
/// ```
pub fn join(base: &str, reference: &str) -> String {
    let cleaned: String;
    let mut reference = reference.trim_matches(|c: char| c <= ' ');
    if reference.contains(['\n', '\r', '\t']) {
        cleaned = reference.replace(['\n', '\r', '\t'], "");
        reference = &cleaned;
    }
    if scheme(reference).is_some() {
        return reference.to_owned();
    }
    let Some(base_scheme) = scheme(base) else {
        return reference.to_owned();
    };
    if reference.starts_with("//") {
        return format!("{base_scheme}:{reference}");
    }
    let base = split(&base[base_scheme.len() + 1..]);
    let (path_and_query, fragment) = cut(reference, '#');
    let (path, query) = cut(path_and_query, '?');
    let (path, query) = if path.is_empty() {
        (base.path.to_owned(), if query.is_empty() { base.query } else { query })
    } else if path.starts_with('/') {
        (without_dots(path), query)
    } else {
        let folder = base.path.rfind('/').map_or("", |end| &base.path[..=end]);
        let slash = if folder.is_empty() { "/" } else { "" };
        (without_dots(&format!("{slash}{folder}{path}")), query)
    };
    format!("{base_scheme}:{}{path}{query}{fragment}", base.authority)
}

/// The scheme of an absolute address, without the colon.
pub fn scheme(url: &str) -> Option<&str> {
    let end = url.find(':')?;
    let scheme = &url[..end];
    let rest = scheme.strip_prefix(|c: char| c.is_ascii_alphabetic())?;
    rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')).then_some(scheme)
}

/// The path and the query of an absolute address: what tells one page of a site
/// from another. At least `/`; the fragment is left out.
///
/// ```
/// use caifeng_plugin_sdk::url;
///
/// assert_eq!(url::path_and_query("https://example.org/forum.php?mod=rss&fid=2#top"), "/forum.php?mod=rss&fid=2");
/// assert_eq!(url::path_and_query("https://example.org"), "/");
/// ```
pub fn path_and_query(url: &str) -> String {
    let rest = scheme(url).map_or(url, |scheme| &url[scheme.len() + 1..]);
    let parts = split(rest);
    let slash = if parts.path.starts_with('/') { "" } else { "/" };
    format!("{slash}{}{}", parts.path, parts.query)
}

/// The scheme and the host of an absolute address, with its port and without a
/// slash at the end: what a path is put behind.
///
/// ```
/// use caifeng_plugin_sdk::url;
///
/// assert_eq!(url::origin("https://example.org:8443/a?b"), Some("https://example.org:8443"));
/// assert_eq!(url::origin("mailto:a@example.org"), None);
/// ```
pub fn origin(url: &str) -> Option<&str> {
    let start = scheme(url)?.len() + 1;
    let authority = split(&url[start..]).authority;
    (authority.len() > 2).then(|| &url[..start + authority.len()])
}

/// The path of an absolute address, without query and fragment; at least `/`.
pub fn path(url: &str) -> &str {
    let rest = scheme(url).map_or(url, |scheme| &url[scheme.len() + 1..]);
    let path = split(rest).path;
    if path.is_empty() { "/" } else { path }
}

/// A text as the value of a query parameter: everything but the unreserved
/// characters of RFC 3986 as percent-encoded UTF-8.
///
/// ```
/// use caifeng_plugin_sdk::url;
///
/// assert_eq!(url::encode("停水 &c"), "%E5%81%9C%E6%B0%B4%20%26c");
/// ```
pub fn encode(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len() * 3);
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(b));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(b >> 4)]));
            out.push(char::from(HEX[usize::from(b & 15)]));
        }
    }
    out
}

/// Undoes [`encode`], and `+` for a space, as forms write it. What is not
/// percent-encoded UTF-8 is kept as it stands or becomes U+FFFD.
pub fn unquote(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(b) = bytes.get(at) {
        let pair = bytes.get(at + 1..at + 3).and_then(|pair| str::from_utf8(pair).ok());
        match (b, pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
                continue;
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(*b),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The decoded value of the first query parameter of that name.
///
/// ```
/// use caifeng_plugin_sdk::url;
///
/// assert_eq!(url::parameter("https://example.org/?a=1&q=%E6%B0%B4#q=2", "q").as_deref(), Some("水"));
/// assert_eq!(url::parameter("https://example.org/?a=1", "q"), None);
/// ```
pub fn parameter(url: &str, name: &str) -> Option<String> {
    let (url, _) = cut(url, '#');
    let (_, query) = url.split_once('?')?;
    let mut pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| unquote(value))
}

struct Parts<'a> {
    /// With its `//`, or empty.
    authority: &'a str,
    path: &'a str,
    /// With its `?`, or empty.
    query: &'a str,
}

fn split(rest: &str) -> Parts<'_> {
    let (rest, _) = cut(rest, '#');
    let authority =
        if let Some(after) = rest.strip_prefix("//") { 2 + after.find(['/', '?']).unwrap_or(after.len()) } else { 0 };
    let (path, query) = cut(&rest[authority..], '?');
    Parts { authority: &rest[..authority], path, query }
}

/// Cuts before `at`, which stays with the second part.
fn cut(text: &str, at: char) -> (&str, &str) {
    text.split_at(text.find(at).unwrap_or(text.len()))
}

/// RFC 3986, section 5.2.4.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    let mut out = String::with_capacity(path.len());
    for segment in kept {
        out.push('/');
        out.push_str(segment);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 3986, section 5.4, without those for other schemes.
    #[test]
    fn resolves_as_the_rfc_says() {
        let base = "http://a/b/c/d;p?q";
        for (reference, expected) in [
            ("g:h", "g:h"),
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q#s"),
            ("g?y#s", "http://a/b/c/g?y#s"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../..", "http://a/"),
            ("../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            ("./g/.", "http://a/b/c/g/"),
            ("g/../h", "http://a/b/c/h"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
        ] {
            assert_eq!(join(base, reference), expected, "{reference}");
        }
    }

    #[test]
    fn queries_are_written_and_read_back() {
        for text in ["停水 + 100%", "a&b=c#d", "%zz%", "", "?"] {
            let address = format!("https://e.org/s?p=1&q={}&r=2", encode(text));
            assert_eq!(parameter(&address, "q").as_deref(), Some(text));
        }
        assert_eq!(unquote("a+b%2Bc%"), "a b+c%");
        assert_eq!(unquote("%e4%bd%a0%ff"), "你\u{fffd}");
    }

    #[test]
    fn addresses_come_apart() {
        assert_eq!(origin("https://e.org"), Some("https://e.org"));
        assert_eq!(origin("https:///x"), None);
        assert_eq!(origin("e.org/x"), None);
        assert_eq!(path("https://e.org/a/b?c#d"), "/a/b");
        assert_eq!(path("https://e.org?c"), "/");
    }

    #[test]
    fn bears_what_pages_write() {
        assert_eq!(join("https://e.org", "a"), "https://e.org/a");
        assert_eq!(join("https://e.org?x", "a"), "https://e.org/a");
        assert_eq!(join("https://e.org/x", " /a\n b "), "https://e.org/a b");
        assert_eq!(join("", "a"), "a");
        assert_eq!(join("https://e.org/x", "新闻/1.html"), "https://e.org/新闻/1.html");
    }
}
