//! Signed webhooks: notices for a program of the organisation's own.
//!
//! ```text
//! POST <endpoint>
//! content-type: application/json
//! caifeng-delivery: 1207                      the message; the same number comes again only with "again": true
//! caifeng-timestamp: 1773028800               seconds since 1970
//! caifeng-signature: v1=<hex(HMAC-SHA256(secret, "{timestamp}.{delivery}.{body}"))>
//!
//! {"delivery":1207,"at":"2026-03-09T04:00:00Z","again":false,"text":"…",
//!  "notices":[{"notice":88,"what":"clock","urgent":true,"incident":7,"text":"…","link":"…"}]}
//! ```
//!
//! A receiver refuses a signature that does not fit and a timestamp that is more than [`REPLAY`] seconds away from its
//! clock, and remembers numbers of deliveries for as long: what is recorded on the way cannot be played to it again.

use caifeng_plugin_host::contract::Timestamp;
use serde_json::json;
use url::Url;

use super::message::Saying;
use super::robot::{Parcel, mac};
use super::{Carried, Notice, NoticeId};
use crate::hex::hex;

/// Seconds that a timestamp may be away from the receiver's clock.
pub const REPLAY: i64 = 300;

/// One notice of a message.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    /// Its number.
    pub id: NoticeId,
    /// The notice.
    pub notice: &'a Notice,
    /// What it says.
    pub saying: &'a Saying,
}

/// What a message is, beside its notices.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// Its number.
    pub delivery: i64,
    /// Whether it may have arrived before.
    pub again: bool,
    /// As people read it.
    pub text: &'a str,
    /// Now, as RFC 3339.
    pub at: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// The request that carries `items` to `endpoint`.
///
/// # Errors
/// One line when `endpoint` is no address.
pub fn parcel(endpoint: &str, secret: &str, envelope: Envelope<'_>, items: &[Item<'_>]) -> Result<Parcel, String> {
    let Envelope { delivery, again, text, at, now } = envelope;
    let url = Url::parse(endpoint).map_err(|_| "the endpoint is no address".to_owned())?;
    let notices: Vec<_> = items
        .iter()
        .map(|Item { id, notice, saying }| {
            json!({
                "notice": id, "what": notice.occasion.as_str(), "urgent": notice.urgent, "incident": notice.incident,
                "text": saying.text, "link": saying.link,
            })
        })
        .collect();
    let body = json!({ "delivery": delivery, "at": at, "again": again, "text": text, "notices": notices }).to_string();
    let fields = vec![
        ("caifeng-delivery", delivery.to_string()),
        ("caifeng-timestamp", now.to_string()),
        ("caifeng-signature", format!("v1={}", sign(secret, now, delivery, &body))),
    ];
    Ok(Parcel { url, fields, body })
}

fn sign(secret: &str, now: Timestamp, delivery: i64, body: &str) -> String {
    hex(&mac(secret, &format!("{now}.{delivery}.{body}")))
}

/// What an answer means: 2xx took it, 409 has had it, 408, 425, 429 and 5xx want it later, others do not want it.
#[must_use]
pub fn read(status: u16, retry_after: Option<i64>) -> Carried {
    let (code, why) = (Some(i64::from(status)), format!("it answers {status}"));
    match status {
        200..=299 | 409 => Carried::Delivered,
        408 | 425 | 429 | 500..=599 => Carried::Later { code, why, rest: retry_after },
        _ => Carried::Refused { code, why },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::{Occasion, Tell};

    #[test]
    fn the_signature_covers_time_number_and_every_byte_of_the_body() {
        let notice = Notice { incident: Some(7), urgent: true, occasion: Occasion::Opened, tell: Tell::default() };
        let saying = Saying { text: "新事件".into(), link: None, urgent: true };
        let items = [Item { id: 88, notice: &notice, saying: &saying }];
        let envelope =
            Envelope { delivery: 12, again: false, text: "新事件", at: "2026-03-09T04:00:00Z", now: 1_773_028_800 };
        let parcel = parcel("https://a.gov.cn/hook", "0123456789abcdef", envelope, &items).unwrap();
        let field = |name| parcel.fields.iter().find(|(other, _)| *other == name).unwrap().1.as_str();
        assert_eq!((field("caifeng-delivery"), field("caifeng-timestamp")), ("12", "1773028800"));
        // printf '%s' '1773028800.12.{…}' | openssl dgst -sha256 -hmac 0123456789abcdef
        let by_hand = sign("0123456789abcdef", 1_773_028_800, 12, &parcel.body);
        assert_eq!(field("caifeng-signature"), format!("v1={by_hand}"));
        for other in [
            sign("0123456789abcdeg", 1_773_028_800, 12, &parcel.body),
            sign("0123456789abcdef", 1_773_028_801, 12, &parcel.body),
            sign("0123456789abcdef", 1_773_028_800, 13, &parcel.body),
            sign("0123456789abcdef", 1_773_028_800, 12, &parcel.body.replace("true", "false")),
        ] {
            assert_ne!(other, by_hand);
        }
        assert_eq!(
            parcel.body,
            r#"{"again":false,"at":"2026-03-09T04:00:00Z","delivery":12,"notices":[{"incident":7,"link":null,"notice":88,"text":"新事件","urgent":true,"what":"opened"}],"text":"新事件"}"#
        );
    }

    #[test]
    fn what_a_receiver_answers_decides_what_becomes_of_it() {
        assert_eq!(read(204, None), Carried::Delivered);
        assert_eq!(read(409, None), Carried::Delivered);
        assert!(matches!(read(503, Some(30)), Carried::Later { rest: Some(30), .. }));
        for status in [301, 302, 400, 401, 403, 404, 410] {
            assert!(matches!(read(status, None), Carried::Refused { .. }), "{status}");
        }
    }
}
