//! The ways in which a page is damaged: always the same ones, so that a score is
//! the same each time.

use super::elements;

/// How often a page is cut.
const CUTS: usize = 32;

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
            Self::Swapped { .. } => "another page",
        }
    }

    pub(super) fn of_what(self) -> String {
        format!("of {}", self.what())
    }
}

/// Every damage of a page but those that need other pages.
pub(super) fn of(body: &str) -> Vec<Damage> {
    let damage = |name: &str, kind, body: String| Damage { name: name.to_owned(), kind, body };
    let mut all = vec![damage("emptied", Kind::Emptied, String::new())];
    all.push(damage("with a login page in its place", Kind::Refusal, LOGIN.to_owned()));
    all.push(damage("with a captcha page in its place", Kind::Refusal, CAPTCHA.to_owned()));
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
    all
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn the_smallest_pages_can_be_damaged() {
        for body in ["", "1", "文", "{}", "<a>", "文\n文"] {
            assert!(of(body).len() >= 3, "{body}");
        }
    }
}
