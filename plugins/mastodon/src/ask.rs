//! Which addresses are asked. The context of a request is `page`, the number of
//! the page, `/`, and what the answer must be about: an account, a status, a tag.

use caifeng_plugin_sdk::{Crawl, Failure, Request, Target, url};

/// Statuses of one page: the most that servers give.
const LIMIT: u32 = 40;

/// What a request carries. Absent from a response that this plugin did not ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Context {
    /// Which page of its list, from 1.
    pub(crate) page: u32,
    /// The number of the account or the status that is asked for.
    pub(crate) about: String,
}

impl Context {
    /// Reads what [`request`] wrote; nothing for an empty context.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (page, about) = text.split_once('/').unwrap_or((text, ""));
        let page = page.parse().unwrap_or(1);
        (!text.is_empty()).then(|| Self { page, about: about.to_owned() })
    }
}

/// A request with its context.
pub(crate) fn request(step: &str, address: String, page: u32, about: &str) -> Request {
    Request { context: format!("{page}/{about}"), ..Request::get(step, address) }
}

/// The first requests of a crawl.
pub(crate) fn first(crawl: &Crawl) -> Result<Vec<Request>, Failure> {
    let server = || {
        let site = crawl.site.as_deref().and_then(url::origin);
        site.ok_or_else(|| {
            Failure::unsupported("name the server as the site of the watch, such as https://social.example.org/")
        })
    };
    match &crawl.target {
        // The server's operator for what one account says.
        Target::Keyword(words)
            if words.split_whitespace().any(|word| word.trim_start_matches('-').starts_with("from:")) =>
        {
            Err(Failure::unsupported("what one person says is not searched for"))
        }
        Target::Keyword(words) => Ok(vec![keyword(server()?, words.trim())]),
        Target::Account(name) => Ok(vec![lookup(server()?, name)]),
        Target::Listing(address) => listing(address),
        Target::Item(address) => item(address),
    }
}

fn keyword(server: &str, words: &str) -> Request {
    match words.strip_prefix(['#', '＃']) {
        Some(tag) if !tag.is_empty() && !tag.contains(char::is_whitespace) => tagged(server, tag),
        _ => {
            let words = url::encode(words);
            request("search", format!("{server}/api/v2/search?q={words}&type=statuses&limit={LIMIT}"), 1, "")
        }
    }
}

fn tagged(server: &str, tag: &str) -> Request {
    let name = url::encode(tag.trim_end_matches(['#', '＃']));
    request("timeline", format!("{server}/api/v1/timelines/tag/{name}?limit={LIMIT}"), 1, "")
}

fn lookup(server: &str, name: &str) -> Request {
    let name = url::encode(name.trim_start_matches('@'));
    request("account", format!("{server}/api/v1/accounts/lookup?acct={name}"), 1, "")
}

/// The statuses of an account, by its number.
pub(crate) fn statuses(server: &str, account: &str) -> Request {
    let address = format!("{server}/api/v1/accounts/{}/statuses?limit={LIMIT}", url::encode(account));
    request("timeline", address, 1, account)
}

fn listing(address: &str) -> Result<Vec<Request>, Failure> {
    let unsupported = || Failure::unsupported(format!("no address of a tag or a timeline: {address}"));
    let server = url::origin(address).ok_or_else(unsupported)?;
    let path = url::path(address).trim_matches('/');
    let list = |rest: &str| request("timeline", format!("{server}/api/v1/timelines/public?limit={LIMIT}{rest}"), 1, "");
    Ok(vec![match path.split_once('/').unwrap_or((path, "")) {
        ("tags", tag) => tagged(server, &url::unquote(&tag.replace('+', "%2B"))),
        ("public", "local") => list("&local=true"),
        ("public", _) => list(""),
        _ => return Err(unsupported()),
    }])
}

/// A status and its thread, by its number in the server of the address.
fn item(address: &str) -> Result<Vec<Request>, Failure> {
    let unsupported = || Failure::unsupported(format!("no address of a status: {address}"));
    let server = url::origin(address).ok_or_else(unsupported)?;
    let id = url::path(address).trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(unsupported());
    }
    Ok(vec![
        request("status", format!("{server}/api/v1/statuses/{id}"), 1, id),
        request("context", format!("{server}/api/v1/statuses/{id}/context"), 1, id),
    ])
}

/// The address of the relation `next` in a `Link` field (RFC 8288).
pub(crate) fn next(link: &str) -> Option<&str> {
    for part in link.split('<').skip(1) {
        let (address, parameters) = part.split_once('>')?;
        let rel = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
        let mut rel = rel.filter(|(name, _)| name.trim().eq_ignore_ascii_case("rel"));
        if rel.any(|(_, value)| {
            value.trim().trim_end_matches(',').trim().trim_matches('"').split(' ').any(|rel| rel == "next")
        }) {
            return Some(address.trim());
        }
    }
    None
}

/// The next page of a search, which has no `Link`.
pub(crate) fn further(address: &str, read: u32) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let others = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("offset="));
    let others: String = others.flat_map(|pair| [pair, "&"]).collect();
    format!("{path}?{others}offset={read}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_named_in_the_header() {
        let prev = "<https://s.example/api/v1/timelines/tag/x?min_id=9>; rel=\"prev\"";
        let next_ = "<https://s.example/api/v1/timelines/tag/x?max_id=1,2>; rel=\"next\"";
        let expected = Some("https://s.example/api/v1/timelines/tag/x?max_id=1,2");
        assert_eq!(next(&format!("{next_}, {prev}")), expected);
        assert_eq!(next(&format!("{prev},{next_}")), expected);
        assert_eq!(next("<https://s.example/2>; title=a; REL=next"), Some("https://s.example/2"));
        for none in ["", prev, "<", "<>", "rel=next"] {
            assert_eq!(next(none), None, "{none}");
        }
    }

    #[test]
    fn pasted_addresses_lead_to_the_api() {
        for (pasted, asked) in [
            ("https://s.example/tags/%E6%B0%B4", "https://s.example/api/v1/timelines/tag/%E6%B0%B4?limit=40"),
            ("https://s.example/public/local", "https://s.example/api/v1/timelines/public?limit=40&local=true"),
        ] {
            assert_eq!(listing(pasted).unwrap()[0].url, asked, "{pasted}");
        }
        assert!(listing("https://s.example/about").is_err());
        assert!(listing("https://s.example/@a").is_err(), "an account is watched as one, if it is registered");
        assert_eq!(
            item("https://s.example/@a/1101?x").unwrap()[1].url,
            "https://s.example/api/v1/statuses/1101/context"
        );
        assert!(item("https://s.example/@a/-").is_err());
    }

    #[test]
    fn a_search_is_not_for_a_person() {
        let crawl = |words: &str| Crawl {
            target: Target::Keyword(words.to_owned()),
            site: Some("https://s.example/".to_owned()),
            settings: vec![],
            since: 0,
            now: 0,
            utc_offset: 0,
        };
        assert!(first(&crawl("停水 from:laowang")).is_err());
        assert!(first(&crawl("停水 @laowang")).is_ok(), "who is spoken to is no author");
    }

    #[test]
    fn a_search_goes_on_by_offset() {
        assert_eq!(
            further("https://s.example/s?q=a&offset=40&limit=40", 80),
            "https://s.example/s?q=a&limit=40&offset=80"
        );
    }
}
