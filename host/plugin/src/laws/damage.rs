//! The ways in which a page is damaged: always the same ones, so that a score is
//! the same each time.

use super::links::ELSEWHERE;
use super::{elements, links};
use std::collections::BTreeSet;
use url::Url;

/// How often a page is cut.
const CUTS: usize = 32;

/// How often what has no end is repeated.
const NOISE: usize = 20_000;

/// Lines below which a page is taken apart at its tags or commas instead.
const FEW: usize = 8;

/// A page damaged in one way.
pub(super) struct Damage {
    /// For people: `cut at 3/32`.
    pub(super) name: String,
    /// What kind of damage.
    pub(super) kind: Kind,
    /// What is left.
    pub(super) body: String,
    /// The status that comes with it, if it is another than the page's.
    pub(super) status: Option<u16>,
}

/// Kinds of damage; what a plugin may say of each is in `judge`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing is left.
    Emptied,
    /// The end is missing.
    Cut,
    /// Lines are in another order.
    Lines,
    /// Elements of one kind are in another order, each whole.
    Elements,
    /// A login or captcha page stands in its place.
    Refusal,
    /// A page without content stands in its place: the site was built anew, or answers with nothing.
    Hollow,
    /// "Not found", with that status.
    Missing,
    /// Classes or keys have other names: the site was built anew around the same posts.
    Renamed,
    /// Links to the site's own host lead to another.
    Elsewhere,
    /// Something without end follows.
    Noise,
    /// Another fixture's body stands in its place.
    Swapped {
        /// One that the same step reads.
        same_step: bool,
    },
}

impl Kind {
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Emptied => "an empty body",
            Self::Cut => "a page that was cut",
            Self::Lines => "mixed lines",
            Self::Elements => "elements in another order",
            Self::Refusal => "a login or captcha page",
            Self::Hollow => "a page without content",
            Self::Missing => "a page that says \"not found\"",
            Self::Renamed => "a page whose parts have other names",
            Self::Elsewhere => "a page with links to another host",
            Self::Noise => "a page with noise behind it",
            Self::Swapped { .. } => "another page",
        }
    }

    pub(super) fn of_what(self) -> String {
        format!("of {}", self.what())
    }
}

impl Damage {
    /// A page damaged in one way.
    pub(super) fn new(name: impl Into<String>, kind: Kind, body: impl Into<String>) -> Self {
        Self { name: name.into(), kind, body: body.into(), status: None }
    }
}

/// Every damage of a page but those that need other pages.
pub(super) fn of(body: &str) -> Vec<Damage> {
    let damage = |name: &str, kind, body: String| Damage::new(name, kind, body);
    let mut all = instead(body);
    let mut cut = None;
    for nth in 1..CUTS {
        let at = place(body, nth);
        if cut.replace(at) != Some(at) && at > 0 && at < body.len() {
            all.push(damage(&format!("cut at {nth}/{CUTS}"), Kind::Cut, body[..at].to_owned()));
        }
    }
    let pieces = pieces(body);
    if pieces.len() > 2 {
        let reversed = pieces.iter().rev().copied().collect();
        all.push(damage("lines reversed", Kind::Lines, reversed));
        all.push(damage("lines shuffled", Kind::Lines, shuffled(pieces).concat()));
    }
    let turned = elements::turned(body);
    all.extend(turned.map(|body| damage("elements reversed", Kind::Elements, body)));
    all.extend(renamed(body).map(|body| damage("with other classes or keys", Kind::Renamed, body)));
    for (what, noise) in [("brackets", "<"), ("blanks", " "), ("quotes", "<a b=\"")] {
        let name = format!("followed by {NOISE} {what}");
        all.push(Damage::new(name, Kind::Noise, format!("{body}{}", noise.repeat(NOISE))));
    }
    all
}

/// What may stand in the place of a page.
fn instead(body: &str) -> Vec<Damage> {
    let empty_page = "<!DOCTYPE html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>清河网</title></head><body></body></html>\n";
    let mut all = vec![
        Damage::new("emptied", Kind::Emptied, ""),
        Damage::new("blank", Kind::Emptied, " \r\n\t\n"),
        Damage::new("with a login page in its place", Kind::Refusal, LOGIN),
        Damage::new("with a captcha page in its place", Kind::Refusal, CAPTCHA),
        Damage::new("with an empty page in its place", Kind::Hollow, empty_page),
        Damage { status: Some(404), ..Damage::new("with \"not found\" in its place", Kind::Missing, MISSING) },
        Damage::new("nested without end", Kind::Hollow, "<div>".repeat(NOISE)),
    ];
    if is_json(body) {
        all.push(Damage::new("with an empty object in its place", Kind::Hollow, "{}"));
        all.push(Damage::new(
            "with an error in its place",
            Kind::Hollow,
            "{\"error\":\"internal error\",\"code\":10001}",
        ));
        all.push(Damage::new("with null in its place", Kind::Hollow, "null"));
        all.push(Damage::new("lists nested without end", Kind::Hollow, "[".repeat(NOISE)));
    }
    all
}

/// Links lead to another host than that of `base`: those that name it, those that name none, and those to the addresses
/// that are followed, alone.
pub(super) fn elsewhere(body: &str, base: &Url, follow: &BTreeSet<Url>) -> Vec<Damage> {
    let host = base.host_str().unwrap_or_default();
    let own =
        [(format!("//{host}"), format!("//{ELSEWHERE}")), (format!("\\/\\/{host}"), format!("\\/\\/{ELSEWHERE}"))];
    let led = own.iter().fold(body.to_owned(), |body, (own, other)| body.replace(own.as_str(), other));
    let named = (led != body && !host.is_empty()).then_some(led);
    [
        ("with links to another host", named),
        ("with its relative links to another host", links::relative(body)),
        ("with the links that it follows to another host", links::followed(body, base, follow)),
    ]
    .into_iter()
    .filter_map(|(name, led)| Some(Damage::new(name, Kind::Elsewhere, led?)))
    .collect()
}

fn is_json(body: &str) -> bool {
    body.trim_start().starts_with(['{', '['])
}

/// The page with other classes, or JSON with other keys; `None` if it has neither.
fn renamed(body: &str) -> Option<String> {
    let changed = if is_json(body) { other_keys(body) } else { other_classes(body) };
    (changed != body).then_some(changed)
}

fn other_classes(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some((head, tail)) = rest.split_once("class=") {
        out.push_str(head);
        out.push_str("class=");
        rest = tail;
        let Some(quote @ ('"' | '\'')) = rest.chars().next() else { continue };
        out.push(quote);
        rest = &rest[1..];
        let end = rest.find(quote).unwrap_or(rest.len());
        let names: Vec<String> = rest[..end].split_whitespace().map(|name| format!("v2-{name}")).collect();
        out.push_str(&names.join(" "));
        rest = &rest[end..];
    }
    out + rest
}

/// A text before a colon is a key.
fn other_keys(body: &str) -> String {
    let mut out = String::with_capacity(body.len() + body.len() / 4);
    let mut rest = body;
    while let Some(start) = rest.find('"') {
        let inner = &rest[start + 1..];
        let mut escaped = false;
        let end = inner.find(|c: char| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let Some(end) = end else { break };
        out.push_str(&rest[..start + 1 + end]);
        rest = &inner[end..];
        if rest[1..].trim_start().starts_with(':') {
            out.push_str("_v2");
        }
        out.push('"');
        rest = &rest[1..];
    }
    out + rest
}

/// Where the nth cut falls; every second one in the middle of the next number
/// of three digits or more, because an id that was cut is another's.
fn place(body: &str, nth: usize) -> usize {
    let mut at = body.floor_char_boundary(body.len() * nth / CUTS);
    if nth.is_multiple_of(2) {
        let numbers = body[at..].split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() >= 3);
        let next = numbers.map(|run| run.as_ptr() as usize - body.as_ptr() as usize + run.len() / 2 + 1).next();
        at = next.unwrap_or(at);
    }
    at
}

/// Lines; where there are few of them, what ends at a tag or a comma.
fn pieces(body: &str) -> Vec<&str> {
    let split = |end: char| body.split_inclusive(end).collect::<Vec<_>>();
    ['\n', '>', ','].into_iter().map(split).find(|pieces| pieces.len() >= FEW).unwrap_or_else(|| split('\n'))
}

/// Fisher and Yates's shuffle, with the numbers of Marsaglia's xorshift64.
fn shuffled(mut pieces: Vec<&str>) -> Vec<&str> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for last in (1..pieces.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let chosen = usize::try_from(state % (last as u64 + 1)).unwrap_or(0);
        pieces.swap(last, chosen);
    }
    pieces
}

/// What forums and microblogs show to who is not logged in, with enough text to
/// pass for an article.
pub(super) const LOGIN: &str = r#"<!DOCTYPE html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>用户登录</title></head>
<body>
<div id="nav"><ul><li><a href="/">首页</a></li><li><a href="/help">帮助</a></li><li><a href="/about">关于我们</a></li></ul></div>
<div class="content">
<h1>请先登录</h1>
<p>抱歉，您需要先登录才能查看本页内容。登录后可以浏览全部帖子、发表评论、接收回复提醒。</p>
<p>为了营造良好的交流环境，本站实行实名注册，请使用手机号码完成验证。You need to log in to see this page.</p>
<form action="/login" method="post">
<label>用户名 <input type="text" name="username"></label>
<label>密码 <input type="password" name="password"></label>
<button type="submit">登录</button> <a href="/register">注册</a> <a href="/forgot">忘记密码</a>
</form>
</div>
<div class="footer">版权所有 清河网 2026 联系电话 12345</div>
</body>
</html>
"#;

/// What stands in the way of a machine.
const CAPTCHA: &str = r#"<!DOCTYPE html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>安全验证</title><script src="/captcha/captcha.js"></script></head>
<body>
<div class="main">
<h1>安全验证</h1>
<p>您的访问过于频繁，为确认是本人操作，请完成下方验证后继续访问。</p>
<div id="captcha" class="slider"><p>请按住滑块，拖动到最右边</p></div>
<form action="/captcha/verify" method="post"><input name="captcha" placeholder="请输入验证码"><button>提交</button></form>
<p>Please complete the captcha to verify that you are human. 事件编号 20260309120000</p>
</div>
</body>
</html>
"#;

/// What a site shows where nothing is.
const MISSING: &str = r#"<!DOCTYPE html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>404 Not Found</title></head>
<body><div class="content"><h1>404</h1><p>抱歉，您访问的页面不存在或已被删除。</p><p><a href="/">返回首页</a></p></div></body>
</html>
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_get_other_names_whatever_their_quotes() {
        let body = "<p class=\"a b\">x</p><p class='c'>class=d</p><p class=\"e";
        let other = "<p class=\"v2-a v2-b\">x</p><p class='v2-c'>class=d</p><p class=\"v2-e";
        assert_eq!(other_classes(body), other);
        // A page of nothing else takes its length and no more: a search for each to the end would not return.
        let many = "<p class=\"a\">".repeat(400_000);
        assert_eq!(other_classes(&many).len(), many.len() + 3 * 400_000);
    }

    #[test]
    fn every_second_cut_lies_inside_a_number() {
        let body = "<li><a href=\"thread-88231-1.html\">路灯</a></li>\n".repeat(40);
        let damages = of(&body);
        let cuts: Vec<_> = damages.iter().filter(|damage| damage.kind == Kind::Cut).collect();
        assert_eq!(cuts.len(), CUTS - 1);
        let inside = cuts.iter().filter(|cut| cut.body.ends_with("thread-882")).count();
        assert!(inside >= CUTS / 2 - 1, "{inside}");
        assert!(cuts.iter().all(|cut| body.starts_with(&cut.body) && cut.body.len() < body.len()));
    }

    #[test]
    fn a_shuffle_keeps_every_piece_and_is_the_same_each_time() {
        let body: String = (0..30).map(|n| format!("{n}\n")).collect();
        let mixed = shuffled(pieces(&body));
        assert_ne!(mixed.concat(), body);
        assert_eq!(mixed, shuffled(pieces(&body)));
        let mut sorted = mixed.clone();
        sorted.sort_by_key(|line| line.trim().parse::<u32>().unwrap());
        assert_eq!(sorted.concat(), body);
    }

    #[test]
    fn parts_get_other_names_and_nothing_else_changes() {
        let page = r#"<ul class="topics hot"><li class='row' id="7">class "a": b</li></ul>"#;
        assert_eq!(
            renamed(page).unwrap(),
            r#"<ul class="v2-topics v2-hot"><li class='v2-row' id="7">class "a": b</li></ul>"#
        );
        let json = r#"{"id": 7, "say \"x\"" : ["a: b", {"t":"\\"}], "cut"#;
        assert_eq!(renamed(json).unwrap(), r#"{"id_v2": 7, "say \"x\"_v2" : ["a: b", {"t_v2":"\\"}], "cut"#);
        assert_eq!((renamed("[1]"), renamed("<p>class=x")), (None, None));
        let base = Url::parse("https://a.example/").unwrap();
        let led = elsewhere("<a href=\"https://a.example/1\">", &base, &BTreeSet::new());
        assert_eq!(led[0].body, "<a href=\"https://elsewhere.example.net/1\">");
        assert_eq!((led.len(), elsewhere("<p>a", &base, &BTreeSet::new()).len()), (1, 0));
    }

    #[test]
    fn the_smallest_pages_can_be_damaged() {
        for body in ["", "1", "文", "{}", "<a>", "文\n文"] {
            assert!(of(body).len() >= 3, "{body}");
        }
    }
}
