//! 企业微信, 钉钉 and 飞书 group robots: what is sent, byte by byte, and what their answers mean.
//!
//! All three answer 200 whatever happened and put the error into the body. Numbers and rules are the vendors' own:
//! <https://developer.work.weixin.qq.com/document/path/91770>,
//! <https://open.dingtalk.com/document/orgapp/custom-robot-access>,
//! <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use caifeng_plugin_host::contract::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
use url::Url;

use super::Carried;
use super::channel::Kind;
use super::message::{cut, one_line};

/// A request that carries a message.
#[derive(Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Where to, with the key in it.
    pub url: Url,
    /// Header fields beside `content-type: application/json`.
    pub fields: Vec<(&'static str, String)>,
    /// JSON.
    pub body: String,
}

/// The key and the signing secret of a robot.
#[derive(Clone, Copy)]
pub struct Keys<'a> {
    /// What the vendor calls key, access token or the end of the hook.
    pub token: &'a str,
    /// What requests are signed with, where the robot asks for it.
    pub secret: Option<&'a str>,
}

/// The request by which a robot says `text`; `place` is the vendor's address, or another that speaks like it.
///
/// # Errors
/// One line when `place` and key together are no address.
pub fn parcel(kind: Kind, place: &str, keys: Keys<'_>, text: &str, now: Timestamp) -> Result<Parcel, String> {
    // The parser's error would repeat the key.
    let wrong = || "endpoint and key together are no address".to_owned();
    let mut url = Url::parse(place).map_err(|_| wrong())?;
    let body = match kind {
        Kind::Dingtalk => {
            url.query_pairs_mut().append_pair("access_token", keys.token);
            if let Some(secret) = keys.secret {
                let at = now.saturating_mul(1_000);
                url.query_pairs_mut()
                    .append_pair("timestamp", &at.to_string())
                    .append_pair("sign", &dingtalk_sign(at, secret));
            }
            json!({ "msgtype": "text", "text": { "content": text }, "at": { "isAtAll": false } })
        }
        Kind::Feishu => {
            url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().push(keys.token);
            let mut body = json!({ "msg_type": "text", "content": { "text": text } });
            if let Some(secret) = keys.secret {
                body["timestamp"] = now.to_string().into();
                body["sign"] = feishu_sign(now, secret).into();
            }
            body
        }
        _ => {
            url.query_pairs_mut().append_pair("key", keys.token);
            json!({ "msgtype": "text", "text": { "content": text } })
        }
    };
    Ok(Parcel { url, fields: Vec::new(), body: body.to_string() })
}

/// `base64(HMAC-SHA256(key = secret, "{milliseconds}\n{secret}"))`.
fn dingtalk_sign(milliseconds: i64, secret: &str) -> String {
    BASE64.encode(mac(secret, &format!("{milliseconds}\n{secret}")))
}

/// `base64(HMAC-SHA256(key = "{seconds}\n{secret}", nothing))`: the key is what others call the message.
fn feishu_sign(seconds: i64, secret: &str) -> String {
    BASE64.encode(mac(&format!("{seconds}\n{secret}"), ""))
}

/// HMAC-SHA256.
pub(super) fn mac(key: &str, message: &str) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes());
    let mut mac = mac.unwrap_or_else(|_| unreachable!("HMAC takes keys of every length"));
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().into()
}

/// An answer, by any of its vendors' names.
#[derive(Deserialize)]
struct Answer {
    #[serde(alias = "errcode", alias = "StatusCode")]
    code: i64,
    #[serde(default, alias = "errmsg", alias = "StatusMessage")]
    msg: String,
}

/// Seconds of silence after one message too many: 钉钉 mutes for ten minutes, the others count by the minute.
const fn muted(kind: Kind) -> i64 {
    if matches!(kind, Kind::Dingtalk) { 600 } else { 60 }
}

/// The vendors' numbers for "too often" and for "not now".
const TOO_OFTEN: [i64; 6] = [45_009, 45_033, 130_101, 660_026, 11_232, 9_499];
const NOT_NOW: [i64; 3] = [-1, 10_002, 10_003];

/// What an answer means.
#[must_use]
pub fn read(kind: Kind, status: u16, retry_after: Option<i64>, body: &str) -> Carried {
    if status == 429 || status >= 500 {
        let rest = retry_after.or_else(|| (status == 429).then(|| muted(kind)));
        return Carried::Later { code: Some(status.into()), why: format!("it answers {status}"), rest };
    }
    if !(200..300).contains(&status) {
        return Carried::Refused { code: Some(status.into()), why: format!("it answers {status}") };
    }
    let Ok(Answer { code, msg }) = serde_json::from_str::<Answer>(body) else {
        return Carried::Refused { code: None, why: "it answers as no such robot does: look at `endpoint`".to_owned() };
    };
    let why = format!("error {code}: {}", cut(&one_line(&msg), 120));
    match code {
        0 => Carried::Delivered,
        code if TOO_OFTEN.contains(&code) => Carried::Later { code: Some(code), why, rest: Some(muted(kind)) },
        code if NOT_NOW.contains(&code) => Carried::Later { code: Some(code), why, rest: None },
        code => Carried::Refused { code: Some(code), why },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_that_the_vendors_compute() {
        assert_eq!(dingtalk_sign(1_700_000_000_000, "SECtest"), "aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g=");
        assert_eq!(feishu_sign(1_700_000_000, "demo"), "8oT2n3SMKFfEnDoiwer8BUM/SjKLwe9SqoEIHlhDTKo=");
    }

    fn sent(kind: Kind, place: &str, secret: Option<&str>) -> (String, serde_json::Value) {
        let keys = Keys { token: "k+1/2", secret };
        let parcel = parcel(kind, place, keys, "水\"压", 1_700_000_000).unwrap();
        (parcel.url.into(), serde_json::from_str(&parcel.body).unwrap())
    }

    #[test]
    fn each_vendor_gets_its_own_form() {
        let (url, body) = sent(Kind::Wecom, "https://a.cn/send", None);
        assert_eq!(url, "https://a.cn/send?key=k%2B1%2F2");
        assert_eq!(body, json!({ "msgtype": "text", "text": { "content": "水\"压" } }));
        let (url, body) = sent(Kind::Dingtalk, "https://a.cn/robot/send", Some("SECtest"));
        let sign = "aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g%3D";
        assert_eq!(url, format!("https://a.cn/robot/send?access_token=k%2B1%2F2&timestamp=1700000000000&sign={sign}"));
        assert_eq!(body["at"], json!({ "isAtAll": false }));
        let (url, body) = sent(Kind::Feishu, "https://a.cn/hook/", Some("demo"));
        assert_eq!(url, "https://a.cn/hook/k+1%2F2");
        assert_eq!(body["timestamp"], "1700000000");
        assert_eq!(body["sign"], "8oT2n3SMKFfEnDoiwer8BUM/SjKLwe9SqoEIHlhDTKo=");
        assert_eq!(body["content"], json!({ "text": "水\"压" }));
        assert!(sent(Kind::Feishu, "https://a.cn/hook", None).1.get("sign").is_none());
    }

    #[test]
    fn an_error_inside_200_is_an_error() {
        let read = |kind, body: &str| super::read(kind, 200, None, body);
        assert_eq!(read(Kind::Wecom, r#"{"errcode":0,"errmsg":"ok"}"#), Carried::Delivered);
        assert_eq!(read(Kind::Feishu, r#"{"code":0,"msg":"success","data":{}}"#), Carried::Delivered);
        assert_eq!(read(Kind::Feishu, r#"{"StatusCode":0,"StatusMessage":"success"}"#), Carried::Delivered);
        let refused = read(Kind::Wecom, r#"{"errcode":93000,"errmsg":"invalid\nwebhook @all"}"#);
        assert_eq!(
            refused,
            Carried::Refused { code: Some(93_000), why: "error 93000: invalid webhook @all".to_owned() }
        );
        for (kind, body, rest) in [
            (Kind::Wecom, r#"{"errcode":45009}"#, Some(60)),
            (Kind::Dingtalk, r#"{"errcode":130101,"errmsg":"send too fast"}"#, Some(600)),
            (Kind::Feishu, r#"{"code":9499,"msg":"too many request"}"#, Some(60)),
            (Kind::Dingtalk, r#"{"errcode":-1,"errmsg":"系统繁忙"}"#, None),
        ] {
            let answer = read(kind, body);
            assert!(matches!(&answer, Carried::Later { rest: told, .. } if *told == rest), "{body}: {answer:?}");
        }
        for odd in ["", "<html>", "[]", "{}", r#"{"ok":true}"#, r#"{"errcode":"0"}"#] {
            assert!(matches!(read(Kind::Wecom, odd), Carried::Refused { code: None, .. }), "{odd}");
        }
        assert!(matches!(super::read(Kind::Wecom, 503, Some(9), ""), Carried::Later { rest: Some(9), .. }));
        assert!(matches!(super::read(Kind::Dingtalk, 429, None, ""), Carried::Later { rest: Some(600), .. }));
        assert!(matches!(super::read(Kind::Wecom, 404, None, ""), Carried::Refused { code: Some(404), .. }));
        assert!(matches!(super::read(Kind::Wecom, 302, None, ""), Carried::Refused { .. }), "no redirect is followed");
    }
}
