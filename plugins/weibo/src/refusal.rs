//! What Weibo says when it does not answer, and how the host should react.

use caifeng_plugin_sdk::Failure;
use caifeng_plugin_sdk::json::{self, Value};
use caifeng_plugin_sdk::refusal::excerpt;

/// What an answer that holds no posts says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Honestly nothing: no result, no comment yet, comments closed.
    Nothing,
    /// Anything else.
    Failure(Failure),
}

/// Words of messages; the first that occurs decides.
const NOTHING: [&str; 11] = [
    "暂无数据",
    "没有内容",
    "没有找到",
    "没有相关",
    "未找到相关",
    "无结果",
    "还没有",
    "快来发表",
    "已关闭评论",
    "博主设置",
    "博主已设置",
];
const GONE: [&str; 12] = [
    "不存在",
    "已被删除",
    "已删除",
    "被作者删除",
    "无法查看",
    "查看权限",
    "权限查看",
    "不可见",
    "仅粉丝可见",
    "被投诉",
    "does not exist",
    "deny to view",
];
const BLOCKED: [&str; 11] =
    ["频繁", "登录", "登陆", "验证", "异常", "稍后", "token", "permission", "limit", "forbidden", "frequen"];

/// Reads `ok`, `errno`, `error_code`, `msg`, `message`, `error` of an answer;
/// nothing if it does not refuse.
pub(crate) fn of(answer: &Value) -> Option<Refusal> {
    let ok = answer.get("ok").and_then(Value::as_i64);
    let code = json::count(answer, "error_code").or_else(|| json::count(answer, "errno")).filter(|code| *code > 0);
    let message = ["msg", "message", "error"].into_iter().find_map(|name| json::text(answer, name)).unwrap_or_default();
    if ok == Some(-100) {
        return Some(blocked(&message, "the site asks for a login"));
    }
    if code.is_none() && ok != Some(0) && !(ok.is_none() && answer.get("error").is_some()) {
        return None;
    }
    Some(by_code(code, &message).unwrap_or_else(|| by_words(answer, code, &message)))
}

/// Codes of the open platform (its documentation, "错误代码说明"), which the web
/// uses too.
fn by_code(code: Option<u64>, message: &str) -> Option<Refusal> {
    Some(match code? {
        // No such post, comment, user; not permitted to view it.
        20_003 | 20_101 | 20_112 | 20_130 | 20_132 | 20_135 | 20_201 => Refusal::Failure(Failure::Gone),
        // Source, IP, rate or user limits; authorisation missing, expired or too narrow.
        10_004..=10_007 | 10_012..=10_014 | 10_022..=10_024 | 21_301..=21_336 | 100_005 => {
            blocked(message, "the open platform refuses")
        }
        _ => return None,
    })
}

fn by_words(answer: &Value, code: Option<u64>, message: &str) -> Refusal {
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let lower = message.to_ascii_lowercase();
    if says(&NOTHING) {
        return Refusal::Nothing;
    }
    if says(&GONE) {
        return Refusal::Failure(Failure::Gone);
    }
    let login = ["passport.weibo", "/login"].iter().any(|page| json::string(answer, "url").contains(page));
    if login || BLOCKED.iter().any(|word| lower.contains(word)) {
        return blocked(message, "the site asks for a login");
    }
    // `{"ok": 0}` alone is how the mobile web says that there are no comments.
    if message.is_empty() && code.is_none() {
        return Refusal::Nothing;
    }
    let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
    Refusal::Failure(Failure::unexpected(format!("the site says no{code}: {}", excerpt(message))))
}

fn blocked(message: &str, default: &str) -> Refusal {
    let said = excerpt(message);
    Refusal::Failure(Failure::blocked(if said.is_empty() { default.to_owned() } else { format!("{default}: {said}") }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reaction(body: &str) -> String {
        match of(&json::read(body).unwrap()) {
            None => "answer".to_owned(),
            Some(Refusal::Nothing) => "nothing".to_owned(),
            Some(Refusal::Failure(failure)) => failure.to_string(),
        }
    }

    #[test]
    fn each_refusal_has_its_reaction() {
        for (body, expected) in [
            (r#"{"ok":1,"data":{}}"#, "answer"),
            (r#"{"ok":1,"msg":"数据获取成功","data":{}}"#, "answer"),
            (r#"{"ok":0}"#, "nothing"),
            (r#"{"ok":0,"msg":"这里还没有内容","data":{"cards":[]}}"#, "nothing"),
            (r#"{"ok":0,"msg":"由于博主设置，目前内容暂不可见。"}"#, "nothing"),
            (r#"{"ok":-100,"url":"https://passport.weibo.com/sso/signin"}"#, "blocked: the site asks for a login"),
            (
                r#"{"ok":-100,"errno":"100005","msg":"请求过于频繁"}"#,
                "blocked: the site asks for a login: 请求过于频繁",
            ),
            (
                r#"{"ok":0,"msg":"访问过于频繁，请稍后再试"}"#,
                "blocked: the site asks for a login: 访问过于频繁，请稍后再试",
            ),
            (r#"{"ok":0,"errno":"20101","msg":"target weibo does not exist!"}"#, "gone"),
            (r#"{"ok":0,"message":"该微博不存在"}"#, "gone"),
            (r#"{"error":"Permission Denied!","error_code":20112,"request":"/2/statuses/show.json"}"#, "gone"),
            (r#"{"error":"expired_token","error_code":21327}"#, "blocked: the open platform refuses: expired_token"),
            (
                r#"{"error":"User requests out of rate limit!","error_code":10023}"#,
                "blocked: the open platform refuses: User requests out of rate limit!",
            ),
            (r#"{"ok":0,"msg":"参数错误"}"#, "unexpected: the site says no: 参数错误"),
            (
                r#"{"error_code":10016,"error":"miss required parameter"}"#,
                "unexpected: the site says no (10016): miss required parameter",
            ),
        ] {
            assert_eq!(reaction(body), expected, "{body}");
        }
    }
}
