//! When a post of an open incident is visited again, and what a visit proves: pure.
//!
//! Visits follow a falling schedule: a quarter of an hour after the capture, then 1, 4 and
//! 12 hours, then daily until the incident is finished. A post that is not found is
//! looked for again an hour later, and called deleted only when two looks in a row agree:
//! between the last time that it was there and the first look that missed it. A site that does
//! not answer, asks for a login or shows something else proves nothing, either way. A post
//! that is there again was not deleted, or is no longer; all looks are kept.
//!
//! Visits end when an incident has had no new post and no change of counts for 30 days: nobody talks about it any more,
//! and many incidents are never finished by anybody, so that their daily visits would add up until
//! new incidents wait for theirs. A new post begins them again.

use caifeng_plugin_host::contract::Timestamp;

/// From the capture, or from one look, to the next, in seconds.
const INTERVALS: [i64; 5] = [15 * 60, 60 * 60, 4 * 60 * 60, 12 * 60 * 60, 24 * 60 * 60];
/// From the first look that missed a post to the next: far enough apart that one bad hour of a site does not count twice.
const CONFIRM: i64 = 60 * 60;

/// Looks after which a post is visited daily: with fewer it comes before those that have had them.
pub const YOUNG: u32 = INTERVALS.len() as u32;
/// For how long nothing must have happened in an incident that is visited no more, in seconds.
pub const QUIET: i64 = 30 * 24 * 60 * 60;

/// What a look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The post is there.
    There,
    /// The site says that it is not: 404, 410, or a page that says so.
    Gone,
    /// Neither: not reachable, a login, another page.
    Unclear,
}

impl Found {
    /// The name that the database and commands use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::There => "there",
            Self::Gone => "gone",
            Self::Unclear => "unclear",
        }
    }
}

/// What all looks at a post come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How many looks there were.
    pub looks: u32,
    /// When it was last there.
    pub there: Timestamp,
    /// The first look since then that missed it.
    pub gone: Option<Timestamp>,
    /// The look that agreed with that one.
    pub sure: Option<Timestamp>,
}

impl Standing {
    /// Of a post that was captured and not visited yet.
    #[must_use]
    pub const fn captured(at: Timestamp) -> Self {
        Self { looks: 0, there: at, gone: None, sure: None }
    }

    /// With one look more.
    #[must_use]
    pub fn after(self, found: Found, at: Timestamp) -> Self {
        let looks = self.looks.saturating_add(1);
        match found {
            Found::There => Self { looks, there: at, gone: None, sure: None },
            Found::Gone if self.gone.is_some() => Self { looks, sure: self.sure.or(Some(at)), ..self },
            Found::Gone => Self { looks, gone: Some(at), ..self },
            Found::Unclear => Self { looks, ..self },
        }
    }

    /// When to look next, after the capture or a look at `at`.
    #[must_use]
    pub fn due(&self, at: Timestamp) -> Timestamp {
        let interval = if self.gone.is_some() && self.sure.is_none() {
            CONFIRM
        } else {
            INTERVALS[(self.looks as usize).min(INTERVALS.len() - 1)]
        };
        at.saturating_add(interval)
    }

    /// Between which two moments it was deleted; `None` while that is not sure.
    #[must_use]
    pub fn deleted(&self) -> Option<(Timestamp, Timestamp)> {
        self.sure.and(self.gone).map(|gone| (self.there, gone))
    }
}

/// What an answer says by itself, without a plugin that could read it.
#[must_use]
pub fn plain(status: u16, body: &str) -> Found {
    match status {
        404 | 410 => Found::Gone,
        200..=299 if says_gone(body) => Found::Gone,
        200..=299 => Found::There,
        _ => Found::Unclear,
    }
}

/// Words with which sites say that a post is not there, in pages that they send with 200.
const GONE: [&str; 10] = [
    "已被删除",
    "已经删除",
    "已删除",
    "内容不存在",
    "帖子不存在",
    "主题不存在",
    "页面不存在",
    "文章不存在",
    "页面未找到",
    "404 not found",
];
/// Characters of text above which a page is more than an excuse.
const EXCUSE: usize = 400;

/// A soft 404: a page that says little else than that something is gone. Conservative, because a post may speak of
/// deletion itself.
fn says_gone(body: &str) -> bool {
    let (mut text, mut inside) = (String::new(), false);
    let mut left = EXCUSE;
    // What a browser does not show is not said.
    for part in visible(body) {
        for c in part.chars() {
            match c {
                '<' => inside = true,
                '>' => inside = false,
                c if inside || c.is_whitespace() && text.ends_with(' ') => {}
                c => {
                    if left == 0 {
                        return false;
                    }
                    left -= 1;
                    text.push(if c.is_whitespace() { ' ' } else { c });
                }
            }
        }
    }
    let text = text.to_lowercase();
    GONE.iter().any(|words| text.contains(words))
}

/// The page without its scripts and styles.
fn visible(body: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = body;
    loop {
        let lower = |text: &str, tag: &str| {
            text.as_bytes().windows(tag.len()).position(|window| window.eq_ignore_ascii_case(tag.as_bytes()))
        };
        let opened = [("<script", "</script"), ("<style", "</style")]
            .into_iter()
            .filter_map(|(open, close)| Some((lower(rest, open)?, close)))
            .min();
        let Some((at, close)) = opened else {
            parts.push(rest);
            return parts;
        };
        parts.push(&rest[..at]);
        let Some(end) = lower(&rest[at..], close) else { return parts };
        rest = &rest[at + end..];
        if parts.len() > 200 {
            return parts;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;

    #[test]
    fn looks_become_rarer_and_then_stay_daily() {
        let mut standing = Standing::captured(0);
        let mut at = standing.due(0);
        let mut times = vec![at];
        for _ in 0..6 {
            standing = standing.after(Found::There, at);
            at = standing.due(at);
            times.push(at);
        }
        let between: Vec<_> = times.windows(2).map(|pair| (pair[1] - pair[0]) / HOUR).collect();
        assert_eq!((times[0], &*between), (HOUR / 4, &[1, 4, 12, 24, 24, 24][..]));
    }

    #[test]
    fn deleted_is_what_two_looks_agree_on() {
        let captured = Standing::captured(100);
        let there = captured.after(Found::There, 1_000);
        let missed = there.after(Found::Gone, 5_000);
        assert_eq!((missed.deleted(), missed.due(5_000)), (None, 5_000 + HOUR));
        let silent = missed.after(Found::Unclear, 8_000);
        assert_eq!(silent.deleted(), None, "silence is not agreement");
        let sure = silent.after(Found::Gone, 9_000).after(Found::Gone, 20_000);
        assert_eq!(sure.deleted(), Some((1_000, 5_000)));
        assert_eq!(missed.after(Found::There, 9_000).after(Found::Gone, 9_500).deleted(), None);
        assert_eq!(sure.after(Found::There, 30_000).deleted(), None, "it is there again");
        let deaf = (0..50).fold(there, |standing, n| standing.after(Found::Unclear, n * HOUR));
        assert_eq!(deaf.deleted(), None, "not reachable is not deleted");
    }

    #[test]
    fn a_plain_answer_says_little() {
        assert_eq!(plain(404, ""), Found::Gone);
        assert_eq!(plain(410, ""), Found::Gone);
        for status in [401, 403, 429, 500, 503, 302] {
            assert_eq!(plain(status, "已删除"), Found::Unclear, "{status}");
        }
        let excuse =
            "<html><style>p{}</style><script>var a='x'.repeat(9999)</script><p>抱歉，该帖子已被删除</p></html>";
        assert_eq!(plain(200, excuse), Found::Gone);
        let talk = format!("<p>我的帖子已被删除，这是为什么？</p>{}", "<p>请给一个说法。</p>".repeat(80));
        assert_eq!(plain(200, &talk), Found::There, "a post may speak of deletion");
        assert_eq!(plain(200, &format!("<script>{}</script>停水通知", "已删除".repeat(10))), Found::There);
    }
}
