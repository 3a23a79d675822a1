//! What a site allows robots to read (RFC 9309).
//!
//! One file per origin, kept for a day (§2.4). A 4xx says that there are no rules
//! (§2.3.1.3); when the file cannot be had (5xx, no answer) nothing may be
//! read (§2.3.1.4), and the reason given is that one, not a rule nobody has seen;
//! it is asked for again after five minutes. Redirects are followed across
//! hosts (§2.3.1.2) through the same guard as everything else. What is longer than 500 KiB is cut there (§2.5).
//! What the file says is the business of [`rules`].

pub mod rules;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::{Position, Url};

use self::rules::Rules;
use super::FetchError;

/// Bytes of a file that are read (RFC 9309 §2.5).
pub const MAX_BYTES: u64 = 500 << 10;

const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
const KEPT_FAILURE: Duration = Duration::from_secs(5 * 60);

/// Files remembered before old ones are forgotten.
const REMEMBERED: usize = 1_024;

/// What came of asking for a file.
pub type Asked = Result<(u16, Vec<u8>), FetchError>;

/// The rules of the sites met so far, for one robot.
#[derive(Debug)]
pub struct Cache {
    agent: String,
    sites: Mutex<HashMap<String, Site>>,
}

/// Locked while the file is fetched, so that a site is asked once however many watches wait.
type Site = Arc<tokio::sync::Mutex<Option<Known>>>;

#[derive(Clone, Debug)]
struct Known {
    asked: Instant,
    until: Instant,
    rules: Result<Arc<Rules>, FetchError>,
}

impl Cache {
    /// `user_agent` is the whole field; its first word, without version, is the robot's name (RFC 9309 §2.2.1).
    #[must_use]
    pub fn new(user_agent: &str) -> Self {
        Self { agent: product(user_agent).to_owned(), sites: Mutex::default() }
    }

    /// May this address be read, and how slowly? `ask` fetches the file at the address that it is given.
    ///
    /// # Errors
    /// [`FetchError::Blocked`] when a rule forbids it; what `ask` said when there is no file to go by.
    pub async fn check<F>(&self, url: &Url, ask: impl FnOnce(Url) -> F) -> Result<Duration, FetchError>
    where
        F: Future<Output = Asked>,
    {
        let site = self.site(url);
        let mut known = site.lock().await;
        let fresh = known.clone().filter(|known| known.until > Instant::now());
        let current = match fresh {
            Some(known) => known,
            None => {
                let asked = ask(file_of(url)).await;
                known.insert(self.judge(asked)).clone()
            }
        };
        drop(known);
        let rules = current.rules.map_err(|error| left(error, current.asked.elapsed()))?;
        if !rules.allows(&url[Position::BeforePath..Position::AfterQuery]) {
            return Err(FetchError::Blocked { url: url.to_string() });
        }
        Ok(rules.delay().unwrap_or_default())
    }

    fn judge(&self, asked: Asked) -> Known {
        let rules = match asked {
            Ok((200..=299, body)) => Ok(Rules::parse(&body, &self.agent)),
            Ok((400..=499, _)) => Ok(Rules::default()),
            Ok((status, _)) => Err(FetchError::Network { detail: format!("robots.txt answers {status}") }),
            Err(error) => Err(error),
        };
        let kept = if rules.is_ok() { KEPT } else { KEPT_FAILURE };
        let asked = Instant::now();
        Known { asked, until: asked + kept, rules: rules.map(Arc::new) }
    }

    fn site(&self, url: &Url) -> Site {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        if sites.len() >= REMEMBERED {
            let now = Instant::now();
            // One that is locked is being asked for right now.
            sites.retain(|_, site| site.try_lock().map_or(true, |known| known.as_ref().is_some_and(|k| k.until > now)));
        }
        Arc::clone(sites.entry(url[..Position::BeforePath].to_owned()).or_default())
    }
}

/// What is left of a wait that a site asked for `ago`.
fn left(error: FetchError, ago: Duration) -> FetchError {
    match error {
        FetchError::RetryAfter { status, wait } => FetchError::RetryAfter { status, wait: wait.saturating_sub(ago) },
        other => other,
    }
}

fn file_of(url: &Url) -> Url {
    let mut file = url.clone();
    file.set_path("/robots.txt");
    file.set_query(None);
    file.set_fragment(None);
    file
}

fn product(user_agent: &str) -> &str {
    let end = user_agent.find(|c: char| !(c.is_ascii_alphabetic() || matches!(c, '-' | '_')));
    &user_agent[..end.unwrap_or(user_agent.len())]
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn url(path: &str) -> Url {
        Url::parse("http://a.cn:81").unwrap().join(path).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_is_asked_for_once_a_day() {
        let (cache, asked) = (Cache::new("Caifeng/0.1 (+x)"), AtomicU32::new(0));
        let ask = |file: Url| {
            assert_eq!(file.as_str(), "http://a.cn:81/robots.txt");
            asked.fetch_add(1, Ordering::Relaxed);
            async { Ok((200, b"User-agent: caifeng\nDisallow: /inner\nCrawl-delay: 7\n".to_vec())) }
        };
        assert_eq!(cache.check(&url("/open?x"), ask).await, Ok(Duration::from_secs(7)));
        assert_eq!(
            cache.check(&url("/inner/y"), ask).await,
            Err(FetchError::Blocked { url: "http://a.cn:81/inner/y".to_owned() })
        );
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        tokio::time::advance(KEPT).await;
        assert_eq!(cache.check(&url("/open"), ask).await, Ok(Duration::from_secs(7)));
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn no_file_is_not_the_same_as_no_answer() {
        for (status, open) in [(404, true), (403, true), (500, false), (503, false), (302, false)] {
            let got = Cache::new("Caifeng").check(&url("/"), |_| async move { Ok((status, Vec::new())) }).await;
            assert_eq!(got.is_ok(), open, "{status}");
        }
        let cache = Cache::new("Caifeng");
        let down = FetchError::Network { detail: "down".to_owned() };
        assert_eq!(cache.check(&url("/"), |_| async { Err(down.clone()) }).await, Err(down.clone()));
        let up = |_| async { Ok((404, Vec::new())) };
        assert_eq!(cache.check(&url("/"), up).await, Err(down.clone()));
        tokio::time::advance(KEPT_FAILURE).await;
        assert_eq!(cache.check(&url("/"), up).await, Ok(Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_is_remembered_grows_shorter() {
        let (cache, busy) = (Cache::new("Caifeng"), |wait| FetchError::RetryAfter { status: 503, wait });
        let minutes = |n: u64| Duration::from_secs(n * 60);
        assert_eq!(cache.check(&url("/"), |_| async { Err(busy(minutes(6))) }).await, Err(busy(minutes(6))));
        tokio::time::advance(minutes(4)).await;
        let unasked = |_| async { panic!("asked again") };
        assert_eq!(cache.check(&url("/"), unasked).await, Err(busy(minutes(2))));
    }

    #[test]
    fn the_name_is_the_first_word() {
        assert_eq!(product("Caifeng/0.1 (+mailto:a@b.cn)"), "Caifeng");
        assert_eq!(product("Some-Bot_X"), "Some-Bot_X");
    }
}
