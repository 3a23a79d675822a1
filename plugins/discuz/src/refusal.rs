//! What a page is that holds no thread and no list.

use caifeng_plugin_sdk::markup::select;
use caifeng_plugin_sdk::{Failure, Page, html};

/// What the forum, or what stands before it, shows in place of a page. The
/// first phrase that the text holds decides.
const PHRASES: &[(&str, Kind)] = &[
    ("System Error", Kind::Fault),
    ("Database Error", Kind::Fault),
    ("MySQL Query Error", Kind::Fault),
    ("Too many connections", Kind::Fault),
    ("系统错误", Kind::Fault),
    ("数据库错误", Kind::Fault),
    ("没有找到匹配", Kind::Nothing),
    ("沒有找到匹配", Kind::Nothing),
    ("尚无主题", Kind::Nothing),
    ("尚無主題", Kind::Nothing),
    ("主题不存在", Kind::Gone),
    ("主題不存在", Kind::Gone),
    ("版块不存在", Kind::Gone),
    ("版塊不存在", Kind::Gone),
    ("帖子不存在", Kind::Gone),
    ("群组不存在", Kind::Gone),
    ("已被删除", Kind::Gone),
    ("已被刪除", Kind::Gone),
    ("需要登录", Kind::Blocked),
    ("需要先登录", Kind::Blocked),
    ("請先登錄", Kind::Blocked),
    ("请先登录", Kind::Blocked),
    ("尚未登录", Kind::Blocked),
    ("尚未登錄", Kind::Blocked),
    ("没有登录", Kind::Blocked),
    ("登录后才能", Kind::Blocked),
    ("登录后继续", Kind::Blocked),
    ("您无权", Kind::Blocked),
    ("您無權", Kind::Blocked),
    ("无权访问", Kind::Blocked),
    ("无权查看", Kind::Blocked),
    ("无法进行此操作", Kind::Blocked),
    ("没有权限", Kind::Blocked),
    ("沒有權限", Kind::Blocked),
    ("输入密码", Kind::Blocked),
    ("站点关闭", Kind::Blocked),
    ("论坛关闭", Kind::Blocked),
    ("安全验证", Kind::Blocked),
    ("人机验证", Kind::Blocked),
    ("安全检查", Kind::Blocked),
    ("滑动验证", Kind::Blocked),
    ("滑块", Kind::Blocked),
    ("访问过于频繁", Kind::Blocked),
    ("操作过于频繁", Kind::Blocked),
    ("只能进行一次搜索", Kind::Blocked),
    ("搜索功能已关闭", Kind::Blocked),
    ("拒绝访问", Kind::Blocked),
    ("访问被拦截", Kind::Blocked),
    ("网站防火墙", Kind::Blocked),
    ("被阻断", Kind::Blocked),
    ("captcha", Kind::Blocked),
    ("Captcha", Kind::Blocked),
    ("Access Denied", Kind::Blocked),
    ("Access denied", Kind::Blocked),
    ("403 Forbidden", Kind::Blocked),
    ("Just a moment", Kind::Blocked),
    ("Checking your browser", Kind::Blocked),
];

/// What refuses only in a message: these words stand elsewhere too.
const IN_MESSAGES: &[(&str, Kind)] = &[
    ("未登录", Kind::Blocked),
    ("请登录后", Kind::Blocked),
    ("阅读权限", Kind::Blocked),
    ("用户组", Kind::Blocked),
    ("搜索次数", Kind::Blocked),
    ("验证码", Kind::Blocked),
    ("驗證碼", Kind::Blocked),
    ("抱歉，指定的", Kind::Gone),
];

#[derive(Clone, Copy)]
enum Kind {
    /// An honest "nothing here".
    Nothing,
    Gone,
    Blocked,
    Fault,
}

/// What the page says in place of content; nothing if it says none of that.
pub(crate) fn told(body: &str) -> Option<Result<Page, Failure>> {
    let (said, message) = notice(body);
    let in_messages = if message { IN_MESSAGES } else { &[] };
    let phrases = PHRASES.iter().chain(in_messages);
    let (_, kind) = phrases.into_iter().find(|(phrase, _)| said.contains(phrase)).or_else(|| challenge(body))?;
    let line = line(&said);
    Some(match kind {
        Kind::Nothing => Ok(Page::default()),
        Kind::Gone => Err(Failure::Gone),
        Kind::Blocked => Err(Failure::blocked(format!("the forum says: {line}"))),
        Kind::Fault => Err(Failure::unexpected(format!("the forum shows an error: {line}"))),
    })
}

/// A script that must run before the page is sent, with nothing to read.
fn challenge(body: &str) -> Option<&'static (&'static str, Kind)> {
    const CHALLENGE: &(&str, Kind) = &("", Kind::Blocked);
    let marks = [
        "_guard/",
        "acw_sc__v2",
        "cf-chl",
        "__jsl_clearance",
        "TencentCaptcha",
        "geetest",
        "wzws-waf",
        "yunsuo_session",
    ];
    marks.iter().any(|mark| body.contains(mark)).then_some(CHALLENGE)
}

/// A page that says nothing that is known.
pub(crate) fn unread(body: &str) -> Failure {
    let (said, _) = notice(body);
    if said.is_empty() {
        return Failure::unexpected("the response holds no text");
    }
    Failure::unexpected(format!("neither threads nor floors: {}", line(&said)))
}

/// The forum's message and true; on pages without one the beginning of their
/// text, or all of it if it is short.
fn notice(body: &str) -> (String, bool) {
    let mut said = String::new();
    let messages = select(body, |tag, inside: Option<&()>| {
        let message = tag.has_id("messagetext")
            || [
                "alert_error",
                "alert_info",
                "alert_right",
                "alert_btn",
                "jump_c",
                "emp",
                "threadlist_none",
                "showmessage",
            ]
            .iter()
            .any(|class| tag.has_class(class));
        (inside.is_none() && message).then_some(())
    });
    for found in messages {
        said.push_str(&found.text());
        said.push('\n');
    }
    if said.trim().is_empty() {
        // Forms and menus of a forum speak of logging in on every page; what
        // stands in place of one is short.
        let text = html::text(body);
        let end = if text.len() < 6000 { text.len() } else { text.floor_char_boundary(300) };
        return (text[..end].to_owned(), false);
    }
    (said, true)
}

fn line(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = line.join(" ");
    line[..line.floor_char_boundary(160)].to_owned()
}
