//! What a page is that holds neither an article nor a list, and how the host
//! should react.
//!
//! Words alone do not tell: news is written about logins, captchas and pages that
//! are gone. They count in the title of a page, or where it has no text to speak of.

use caifeng_plugin_sdk::Failure;
use caifeng_plugin_sdk::markup::Attributes;

use crate::article::Reading;
use crate::byline;
use crate::lines;
use crate::tag::Tag;

/// Words of pages that stand in the place of others, in lower case.
const REFUSALS: [(&str, &str); 24] = [
    ("请登录", "login"),
    ("请先登录", "login"),
    ("需要登录", "login"),
    ("登录后", "login"),
    ("用户登录", "login"),
    ("sign in to continue", "login"),
    ("please log in", "login"),
    ("没有权限", "refusal"),
    ("无权访问", "refusal"),
    ("访问过于频繁", "refusal"),
    ("访问频繁", "refusal"),
    ("访问被拒绝", "refusal"),
    ("请求被拦截", "refusal"),
    ("被防火墙拦截", "refusal"),
    ("access denied", "refusal"),
    ("403 forbidden", "refusal"),
    ("captcha", "captcha"),
    ("验证码", "captcha"),
    ("安全验证", "captcha"),
    ("人机验证", "captcha"),
    ("滑块", "captcha"),
    ("verify you are human", "captcha"),
    ("just a moment", "captcha"),
    ("checking your browser", "captcha"),
];

/// Words of pages that say that there is none, in lower case.
const GONE: [&str; 26] = [
    "404 not found",
    "404错误",
    "error 404",
    "页面不存在",
    "页面没有找到",
    "页面未找到",
    "找不到页面",
    "找不到您访问的页面",
    "您访问的页面",
    "您要访问的页面",
    "内容不存在",
    "文章不存在",
    "信息不存在",
    "该文章已",
    "该信息已",
    "已被删除",
    "已删除",
    "已下线",
    "已经下线",
    "not found",
    "page doesn't exist",
    "page does not exist",
    "page cannot be found",
    "page can't be found",
    "no longer available",
    "no longer exists",
];

/// Words of lists that are honestly empty, in lower case.
const EMPTY: [&str; 14] = [
    "暂无数据",
    "暂无内容",
    "暂无信息",
    "暂无文章",
    "暂无新闻",
    "暂无记录",
    "暂无相关",
    "没有找到相关",
    "没有相关",
    "没有数据",
    "共0条",
    "共 0 条",
    "no results",
    "no articles",
];

/// A page whose visible text is heavier than this says more than a refusal.
const SHORT: u32 = 900;

impl Reading<'_, '_> {
    /// The failure that a page is, if it is one whatever else it holds.
    pub(crate) fn refusal(&self, text: u32) -> Option<Failure> {
        if text >= SHORT {
            return None;
        }
        let title = self.meta.title.to_lowercase();
        let short = text < SHORT / 3 && self.visible() < SHORT;
        let words = if short { self.words() } else { String::new() };
        // Who writes about captchas says when; who shows one does not.
        let dated = self.states_a_date();
        if !dated && let Some(failure) = blocked(&title).or_else(|| blocked(&words)) {
            return Some(failure);
        }
        let gone = |text: &str| GONE.iter().any(|word| text.contains(word));
        if gone(&words) || (!dated && (gone(&title) || title.contains("404"))) {
            return Some(Failure::Gone);
        }
        (short && self.asks_for_password())
            .then(|| Failure::blocked("a login page in place of the page: it asks for a password"))
    }

    fn states_a_date(&self) -> bool {
        let lines = || lines::short(self.page, 1, self.page.tree.nodes.len());
        self.meta.published().next().is_some() || lines().iter().any(|line| byline::date(&line.text).is_some())
    }

    /// Whether a list says of itself that there is nothing in it.
    pub(crate) fn is_empty_list(&self) -> bool {
        let words = self.words();
        EMPTY.iter().any(|word| words.contains(word))
    }

    /// The weight of all text that a reader sees.
    fn visible(&self) -> u32 {
        let mut sum = 0_u32;
        let mut at = 1;
        while at < self.page.tree.nodes.len() {
            if self.page.silent[at] {
                at = self.page.tree.end(at);
                continue;
            }
            sum = sum.saturating_add(self.page.own[at].len);
            at += 1;
        }
        sum
    }

    /// The visible text in lower case, as much as is looked at.
    fn words(&self) -> String {
        let mut words = String::new();
        let mut at = 1;
        while at < self.page.tree.nodes.len() && words.len() < 32 * 1024 {
            let node = self.page.tree.node(at);
            if self.page.silent[at] && node.tag != Tag::Button {
                at = self.page.tree.end(at);
                continue;
            }
            if node.tag == Tag::Text {
                words.push_str(node.source.trim());
                words.push(' ');
            }
            at += 1;
        }
        words.to_lowercase()
    }

    fn asks_for_password(&self) -> bool {
        let mut inputs = self.page.tree.nodes.iter().filter(|node| node.tag == Tag::Input);
        inputs.any(|node| {
            Attributes::new(node.source).named("type").is_some_and(|kind| kind.eq_ignore_ascii_case("password"))
        })
    }
}

fn blocked(text: &str) -> Option<Failure> {
    let (word, what) = REFUSALS.iter().find(|(word, _)| text.contains(word))?;
    Some(Failure::blocked(format!("a {what} page in place of the page: {word}")))
}
