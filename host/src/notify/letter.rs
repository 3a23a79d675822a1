//! A message as mail (RFC 5322), put together by lettre, which encodes what is not ASCII and lets no header be injected.

use std::time::{Duration, SystemTime};

use caifeng_plugin_host::contract::Timestamp;
use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::{Address, Message as Mail};

use super::message::Message;

/// What stands beside the text.
#[derive(Clone, Copy, Debug)]
pub struct Post<'a> {
    /// The sender's address.
    pub from: &'a str,
    /// The recipient's address: one, so that nobody sees who else was told.
    pub to: &'a str,
    /// Stays the same when the message is sent again, so that mail programs show it once.
    pub number: i64,
    /// Now.
    pub now: Timestamp,
}

/// A letter, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Who sends it.
    pub from: Address,
    /// Who gets it.
    pub to: Address,
    /// Headers and body.
    pub bytes: Vec<u8>,
}

/// RFC 3834: nobody's out-of-office answers it.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The letter.
///
/// # Errors
/// One line when an address is none.
pub fn letter(message: &Message, post: Post<'_>) -> Result<Letter, String> {
    let address = |text: &str| text.parse::<Address>().map_err(|_| format!("no address of mail: {text}"));
    let (from, to) = (address(post.from)?, address(post.to)?);
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(post.now.max(0).unsigned_abs());
    let id = format!("<caifeng-notice-{}@{}>", post.number, from.domain());
    // One line, whatever it holds.
    let subject: String = message.heading.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let part = SinglePart::builder()
        .header(ContentType::TEXT_PLAIN)
        .header(ContentTransferEncoding::Base64)
        .body(message.text.clone());
    let mail = Mail::builder()
        .from(Mailbox::new(None, from.clone()))
        .to(Mailbox::new(None, to.clone()))
        .subject(subject)
        .date(date)
        .message_id(Some(id))
        .header(AutoSubmitted)
        .singlepart(part)
        .map_err(|error| format!("the mail cannot be put together: {error}"))?;
    Ok(Letter { from, to, bytes: mail.formatted() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(heading: &str) -> String {
        let message = Message { heading: heading.to_owned(), text: "正文\n.\n第二行".to_owned(), holds: 1 };
        let post = Post { from: "caifeng@a.gov.cn", to: "li@a.gov.cn", number: 12, now: 1_773_028_800 };
        String::from_utf8(letter(&message, post).unwrap().bytes).unwrap()
    }

    #[test]
    fn a_letter_says_what_it_is_and_can_be_told_when_it_comes_again() {
        let mail = written("【采风】水厂爆管");
        for line in [
            "From: caifeng@a.gov.cn\r\n",
            "To: li@a.gov.cn\r\n",
            "Message-ID: <caifeng-notice-12@a.gov.cn>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Date: Mon, 09 Mar 2026 04:00:00 +0000\r\n",
            "Content-Transfer-Encoding: base64\r\n",
        ] {
            assert!(mail.contains(line), "{line}: {mail}");
        }
        assert!(mail.is_ascii() && mail.contains("Subject: =?utf-8?b?"), "{mail}");
    }

    #[test]
    fn no_title_is_a_header() {
        for hostile in ["x\r\nBcc: evil@y.cn", "x\nBcc: evil@y.cn", "x\r\n\r\n<html>", "x\0\u{85}Bcc: evil@y.cn"] {
            let mail = written(hostile);
            let head = mail.split("\r\n\r\n").next().unwrap();
            assert!(!head.lines().any(|line| line.to_lowercase().starts_with("bcc")), "{head}");
            assert_eq!(head.lines().filter(|line| line.starts_with("Subject:")).count(), 1);
        }
    }
}
