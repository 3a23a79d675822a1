//! The cookies of one crawl (RFC 6265), forgotten at its end.
//!
//! Some sites answer only to a visitor who returns the cookie of the first
//! page. More is not wanted, so a cookie goes back to exactly the host that
//! set it: `Domain` is ignored, which also makes a list of public suffixes
//! unnecessary. `Expires` only ever removes a cookie, for a crawl is shorter than any.

use url::Url;

/// The jar of one crawl. What is in it is printed nowhere.
#[derive(Clone, Default)]
pub struct Jar {
    cookies: Vec<Cookie>,
}

impl std::fmt::Debug for Jar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Jar({} cookies)", self.cookies.len())
    }
}

#[derive(Clone)]
struct Cookie {
    host: String,
    path: String,
    secure: bool,
    name: String,
    value: String,
}

/// A hostile site may set this many, and each may be this long (RFC 6265 §6.1).
const MOST: usize = 50;
const LONGEST: usize = 4_096;

impl Jar {
    /// Keeps what one `Set-Cookie` field of an answer from `url` says.
    pub fn set(&mut self, url: &Url, field: &str) {
        let Some(host) = url.host_str() else { return };
        let mut parts = field.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let (name, value) = (name.trim(), value.trim());
        let plain = |text: &str| text.bytes().all(|b| (0x20..0x7f).contains(&b));
        if name.is_empty() || field.len() > LONGEST || !plain(name) || !plain(value) {
            return;
        }
        let mut cookie = Cookie {
            host: host.to_owned(),
            path: default_path(url),
            secure: false,
            name: name.to_owned(),
            value: value.to_owned(),
        };
        let mut over = false;
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key.trim().to_ascii_lowercase().as_str() {
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "secure" => cookie.secure = true,
                "max-age" => over |= value.trim().parse::<i64>().is_ok_and(|age| age <= 0),
                // How servers say "forget it".
                "expires" => over |= value.contains("1970"),
                _ => {}
            }
        }
        self.cookies.retain(|c| (&c.host, &c.path, &c.name) != (&cookie.host, &cookie.path, &cookie.name));
        if !over && self.cookies.len() < MOST {
            self.cookies.push(cookie);
        }
    }

    /// The `Cookie` field for a request to `url`; longer paths first.
    #[must_use]
    pub fn header(&self, url: &Url) -> Option<String> {
        let mut fit: Vec<_> = self.cookies.iter().filter(|cookie| cookie.fits(url)).collect();
        fit.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> = fit.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

impl Cookie {
    fn fits(&self, url: &Url) -> bool {
        let path = url.path();
        let under = path
            .strip_prefix(&*self.path)
            .is_some_and(|rest| self.path.ends_with('/') || rest.is_empty() || rest.starts_with('/'));
        url.host_str() == Some(&self.host) && under && (!self.secure || url.scheme() == "https")
    }
}

/// The directory of the page (RFC 6265 §5.1.4).
fn default_path(url: &Url) -> String {
    match url.path().rfind('/') {
        None | Some(0) => "/".to_owned(),
        Some(end) => url.path()[..end].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_cookie_returns_to_its_host_and_path_only() {
        let mut jar = Jar::default();
        jar.set(&url("https://a.cn/forum/list"), "sid=1; HttpOnly; Domain=cn");
        jar.set(&url("https://a.cn/forum/list"), "all=2; Path=/; Secure");
        let header = |to: &str| jar.header(&url(to));
        assert_eq!(header("https://a.cn/forum/x").as_deref(), Some("sid=1; all=2"));
        assert_eq!(header("https://a.cn/forums").as_deref(), Some("all=2"));
        assert_eq!(header("http://a.cn/forum").as_deref(), Some("sid=1"));
        assert_eq!(header("https://b.cn/forum"), None);
        assert_eq!(header("https://sub.a.cn/forum"), None);
    }

    #[test]
    fn a_cookie_is_replaced_and_forgotten() {
        let (mut jar, at) = (Jar::default(), url("http://a.cn/"));
        jar.set(&at, "s=1");
        jar.set(&at, "s=2");
        assert_eq!(jar.header(&at).as_deref(), Some("s=2"));
        jar.set(&at, "s=; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(jar.header(&at), None);
    }

    #[test]
    fn a_hostile_cookie_is_dropped() {
        let (mut jar, at) = (Jar::default(), url("http://a.cn/"));
        for field in ["", "novalue", "=x", "a=b\r\nX: y", "a=\u{e9}", &format!("a={}", "x".repeat(5_000))] {
            jar.set(&at, field);
        }
        assert_eq!(jar.header(&at), None);
        (0..100).for_each(|n| jar.set(&at, &format!("c{n}=1")));
        assert_eq!(jar.cookies.len(), MOST);
    }
}
