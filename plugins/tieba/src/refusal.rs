//! What an answer is that is neither a bar nor a thread.

use caifeng_plugin_sdk::{Failure, Response, html};

/// The wall that stands before a page, if this is one.
pub(crate) fn wall(response: &Response) -> Option<Failure> {
    let body = &response.body;
    let moved = response.url.contains("wappass.baidu.com") || response.url.contains("passport.baidu.com");
    let shown = ["百度安全验证", "wappass.baidu.com/static/captcha", "passMod", "网络不给力，请稍后重试"];
    // A thread can speak of any of these; a wall has neither floors nor rows.
    let holds = body.contains("l_post") || body.contains("j_thread_list");
    if moved || !holds && shown.iter().any(|mark| body.contains(mark)) {
        return Some(Failure::blocked("the site asks to be convinced that a person reads: 百度安全验证"));
    }
    None
}

/// What the page says in place of what was asked for.
pub(crate) fn told(response: &Response) -> Failure {
    let text = html::text(&response.body);
    let holds = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    let gone = [
        "贴子可能已被删除",
        "帖子可能已被删除",
        "该贴已被删除",
        "该帖已被删除",
        "贴子不存在",
        "帖子不存在",
        "贴吧不存在",
        "该吧不存在",
        "您访问的贴子被隐藏",
        "您访问的页面不存在",
        "此吧已经关闭",
        "本吧暂不开放",
        "吧暂不开放",
        "尚未建立",
    ];
    if holds(&gone) {
        return Failure::Gone;
    }
    if holds(&[
        "请先登录",
        "登录后查看",
        "登录百度帐号",
        "扫码登录",
        "安全验证",
        "访问过于频繁",
        "操作太频繁",
        "没有权限",
    ]) {
        return Failure::blocked(format!("the site says: {}", line(&text)));
    }
    if text.is_empty() {
        return Failure::unexpected("the response holds no text");
    }
    Failure::unexpected(format!("neither rows nor floors: {}", line(&text)))
}

fn line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line[..line.floor_char_boundary(160)].to_owned()
}
