//! What a response is that is no feed, and how the host should react.

use caifeng_plugin_sdk::refusal::{self, excerpt};
use caifeng_plugin_sdk::{Failure, html};

/// Words of pages that stand where the feed should be, in lower case.
const REFUSALS: [(&str, &str); 19] = [
    ("type=\"password\"", "login"),
    ("type='password'", "login"),
    ("type=password", "login"),
    ("请登录", "login"),
    ("请先登录", "login"),
    ("您需要先登录", "login"),
    ("用户登录", "login"),
    ("没有权限", "refusal"),
    ("无权访问", "refusal"),
    ("captcha", "captcha"),
    ("验证码", "captcha"),
    ("安全验证", "captcha"),
    ("滑块", "captcha"),
    ("cf-challenge", "captcha"),
    ("just a moment", "captcha"),
    ("访问过于频繁", "refusal"),
    ("访问被拒绝", "refusal"),
    ("access denied", "refusal"),
    ("forbidden", "refusal"),
];

/// The failure for a body that holds no feed; `root` is its first element.
pub(crate) fn failure(body: &str, root: Option<&str>) -> Failure {
    if body.trim().is_empty() {
        return Failure::unexpected("the response is empty");
    }
    if let Some((word, what)) = refusal::find(body, &REFUSALS) {
        return Failure::blocked(format!("a {what} page in place of the feed: {word}"));
    }
    match root {
        None => Failure::unexpected(format!("no feed but text: {}", excerpt(body))),
        Some("html" | "body" | "head" | "div" | "script") => {
            Failure::unexpected(format!("no feed but an HTML page: {}", excerpt(&title(refusal::head(body)))))
        }
        Some(root) => Failure::unexpected(format!("no feed but a document of: {}", excerpt(root))),
    }
}

fn title(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|open| {
        let start = open + lower[open..].find('>')? + 1;
        let end = start + lower[start..].find('<')?;
        page.get(start..end)
    });
    html::text(title.unwrap_or(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_login_from_a_page_and_from_text() {
        let login = "<html><form><INPUT TYPE=\"password\"></form></html>";
        assert!(matches!(failure(login, Some("html")), Failure::Blocked(_)));
        assert_eq!(
            failure("<html><head><title>首页\n - 县政府</title></head></html>", Some("html")),
            Failure::unexpected("no feed but an HTML page: 首页 - 县政府")
        );
        assert_eq!(failure("not found", None), Failure::unexpected("no feed but text: not found"));
        assert_eq!(failure(" \n", None), Failure::unexpected("the response is empty"));
    }
}
