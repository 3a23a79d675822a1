//! `[notify]`: the ways that lead out of here, as the operator writes them.
//!
//! ```toml
//! [notify]
//! link = "https://caifeng.example.gov.cn"   # how addresses of the product begin; messages then carry them
//! quiet = "22:00-07:00"                     # only what is urgent is sent then
//!
//! [[notify.channel]]
//! id = "duty"
//! kind = "wecom"                            # or dingtalk, feishu, mail, webhook
//! tell = ["monitor", "leading-group"]
//! next = "office"                           # where a notice goes that was not taken within a minute
//!
//! [[notify.channel]]
//! id = "office"
//! kind = "mail"
//! server = "smtp.example.gov.cn:465"
//! from = "caifeng@example.gov.cn"
//! to = ["office@example.gov.cn"]
//! ```
//!
//! Keys, passwords and signing secrets stand in `secrets.toml`, under `[notify.ID]`, and nowhere here.

use std::fmt;

use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

use crate::plan::words::Roles;

/// `[notify]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notify {
    /// How addresses of the product begin, as those who are told can open them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// What messages speak: `zh-CN` or `en`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// When only what is urgent is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet: Option<Quiet>,
    /// The ways out.
    #[serde(rename = "channel", skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
}

/// A way to people.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Short name: lower-case letters, digits and hyphens.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Notices for these roles go here.
    #[serde(default, skip_serializing_if = "Roles::is_empty")]
    pub tell: Roles,
    /// The channel that a notice goes to which this one has not taken within a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Quiet hours of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub quiet: Option<Quiet>,
    /// Messages a minute, where the channel's own limit is lower than usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<u32>,
    /// Of a webhook, where it is; of a robot, another place than the vendor's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Of mail: the server, `host:port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Of mail: how the line is protected; `tls` unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security: Option<Security>,
    /// Of mail: why an unprotected line to another machine is right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain_because: Option<String>,
    /// Of mail: who signs in; the sender unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Of mail: the sender's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Of mail: who gets what is for the roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
}

/// What a channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// 企业微信 group robot.
    Wecom,
    /// 钉钉 group robot.
    Dingtalk,
    /// 飞书 group robot.
    Feishu,
    /// SMTP.
    Mail,
    /// A program of the organisation's own.
    Webhook,
}

impl Kind {
    /// The name that the configuration uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wecom => "wecom",
            Self::Dingtalk => "dingtalk",
            Self::Feishu => "feishu",
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }

    /// The secrets that it has: name, and whether it cannot be without.
    #[must_use]
    pub const fn secrets(self) -> &'static [(&'static str, bool)] {
        match self {
            Self::Wecom => &[("key", true)],
            Self::Dingtalk | Self::Feishu => &[("token", true), ("secret", false)],
            Self::Mail => &[("password", false)],
            Self::Webhook => &[("secret", true)],
        }
    }
}

/// How a line to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Security {
    /// TLS from the first byte (RFC 8314).
    #[default]
    Tls,
    /// TLS before anything is said that matters; without it nothing is.
    Starttls,
    /// None.
    Plain,
}

impl Channel {
    /// Where a robot or a webhook is asked, without its key.
    #[must_use]
    pub fn place(&self) -> &str {
        let usual = match self.kind {
            Kind::Wecom => "https://qyapi.weixin.qq.com/cgi-bin/webhook/send",
            Kind::Dingtalk => "https://oapi.dingtalk.com/robot/send",
            Kind::Feishu => "https://open.feishu.cn/open-apis/bot/v2/hook",
            Kind::Mail | Kind::Webhook => "",
        };
        self.endpoint.as_deref().unwrap_or(usual)
    }

    /// Host and port of its mail server; checked when the file was read.
    #[must_use]
    pub fn mail_server(&self) -> Option<(&str, u16)> {
        let (host, port) = self.server.as_deref()?.rsplit_once(':')?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Some((host, port.parse().ok()?)).filter(|(host, _)| !host.is_empty())
    }

    /// How its line is protected.
    #[must_use]
    pub fn security(&self) -> Security {
        self.security.unwrap_or_default()
    }
}

/// What is wrong with a channel: the key it stands under, and the message.
pub type Fault = (&'static str, String);

impl Channel {
    /// What is wrong with it by itself, and among `all`.
    #[must_use]
    pub fn faults(&self, all: &[Self]) -> Vec<Fault> {
        let mut faults = Vec::new();
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || self.id.len() > 40 || !self.id.chars().all(fits) {
            let message = format!("{:?} is no id: write lower-case letters, digits and hyphens, at most 40", self.id);
            faults.push(("id", message));
        }
        if all.iter().filter(|other| other.id == self.id).count() > 1 {
            faults.push(("id", format!("two channels are called {:?}: rename one", self.id)));
        }
        if self.per_minute == Some(0) {
            faults.push(("per_minute", "nothing could ever be sent: write 1 or more".to_owned()));
        }
        self.foreign_keys(&mut faults);
        match self.kind {
            Kind::Mail => self.mail_faults(&mut faults),
            Kind::Webhook if self.endpoint.is_none() => {
                faults.push(("kind", "a webhook needs `endpoint`: the address that is called".to_owned()));
            }
            _ => {}
        }
        faults.extend(self.endpoint.as_deref().and_then(address_fault).map(|message| ("endpoint", message)));
        faults.extend(self.next_fault(all).map(|message| ("next", message)));
        faults
    }

    /// Keys that mean nothing for its kind.
    fn foreign_keys(&self, faults: &mut Vec<Fault>) {
        let mail = [
            ("server", self.server.is_some()),
            ("security", self.security.is_some()),
            ("plain_because", self.plain_because.is_some()),
            ("user", self.user.is_some()),
            ("from", self.from.is_some()),
            ("to", !self.to.is_empty()),
        ];
        let of_mail = self.kind == Kind::Mail;
        let foreign = mail.into_iter().filter(|(_, given)| *given && !of_mail).map(|(key, _)| key);
        let foreign = foreign.chain((of_mail && self.endpoint.is_some()).then_some("endpoint"));
        faults.extend(foreign.map(|key| (key, format!("a {} channel has no {key}: remove it", self.kind.as_str()))));
    }

    fn mail_faults(&self, faults: &mut Vec<Fault>) {
        match (&self.server, self.mail_server()) {
            (None, _) => faults.push(("kind", "mail needs `server`, such as \"smtp.example.gov.cn:465\"".to_owned())),
            (Some(server), None) => {
                faults.push(("server", format!("{server:?} is not host:port, such as \"smtp.example.gov.cn:465\"")));
            }
            (_, Some((host, _))) => {
                let inside = matches!(host, "localhost" | "127.0.0.1" | "::1");
                let said = self.plain_because.as_deref().is_some_and(|why| !why.trim().is_empty());
                if self.security() == Security::Plain && !inside && !said {
                    let message = "an unprotected line to another machine shows password and notices to everybody on \
                                   the way: write \"tls\" or \"starttls\", or say why it is right in `plain_because`";
                    faults.push(("security", message.to_owned()));
                }
            }
        }
        match &self.from {
            None => faults.push(("kind", "mail needs `from`: the sender's address".to_owned())),
            Some(from) => faults.extend(mailbox_fault(from).map(|message| ("from", message))),
        }
        faults.extend(self.to.iter().filter_map(|to| mailbox_fault(to)).map(|message| ("to", message)));
        if !self.tell.is_empty() && self.to.is_empty() {
            faults.push(("tell", "this channel tells roles and has nobody to send to: write `to`".to_owned()));
        }
    }

    /// The chain of `next` names channels that are there, and ends.
    fn next_fault(&self, all: &[Self]) -> Option<String> {
        let find = |id: &str| all.iter().find(|channel| channel.id == id);
        let mut met = vec![self.id.as_str()];
        let mut next = self.next.as_deref();
        while let Some(id) = next {
            let Some(channel) = find(id) else {
                let known: Vec<&str> = all.iter().map(|channel| channel.id.as_str()).collect();
                return Some(format!("there is no channel {id:?} (there are: {})", known.join(", ")));
            };
            if met.contains(&id) {
                return Some(format!("channels lead in a circle: {} → {id}", met.join(" → ")));
            }
            if channel.kind == Kind::Mail && channel.to.is_empty() {
                return Some(format!("the channel {id:?} has nobody to send to: write `to` there"));
            }
            met.push(id);
            next = channel.next.as_deref();
        }
        None
    }
}

/// What is wrong with an address of the web.
#[must_use]
pub fn address_fault(text: &str) -> Option<String> {
    let Ok(url) = Url::parse(text) else {
        return Some("not an address: it begins with https:// or, within your network, http://".to_owned());
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Some("not an address of the web: it begins with https:// or, within your network, http://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Some("keys and passwords do not stand in the configuration: write them into secrets.toml".to_owned());
    }
    None
}

/// What is wrong with an address of mail.
#[must_use]
pub fn mailbox_fault(text: &str) -> Option<String> {
    if text.parse::<lettre::Address>().is_ok() && text.len() <= 254 {
        return None;
    }
    let short: String = text.chars().take(60).collect();
    Some(format!("{short:?} is no address of mail: write name@host, without a display name"))
}

/// Hours in which only what is urgent is sent: `"22:00-07:00"`, in the organisation's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// Seconds of the day.
    from: i64,
    to: i64,
}

const DAY: i64 = 86_400;

impl Quiet {
    /// When they end, if they hold at `now`.
    #[must_use]
    pub fn until(self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let at = jiff::Timestamp::from_second(now).ok()?.to_zoned(zone.clone()).time();
        let second = i64::from(at.hour()) * 3_600 + i64::from(at.minute()) * 60 + i64::from(at.second());
        let (since, length) = ((second - self.from).rem_euclid(DAY), (self.to - self.from).rem_euclid(DAY));
        (since < length).then(|| now + length - since)
    }

    fn read(text: &str) -> Option<Self> {
        let time = |text: &str| {
            let (hour, minute) = text.split_once(':')?;
            let two = |text: &str, most: i64| {
                let n: i64 = if text.len() == 2 { text.parse().ok()? } else { return None };
                (0..=most).contains(&n).then_some(n)
            };
            Some(two(hour, 23)? * 3_600 + two(minute, 59)? * 60)
        };
        let (from, to) = text.split_once('-')?;
        Some(Self { from: time(from)?, to: time(to)? }).filter(|quiet| quiet.from != quiet.to)
    }
}

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |s: i64| (s / 3_600, s % 3_600 / 60);
        let ((a, b), (c, d)) = (time(self.from), time(self.to));
        write!(f, "{a:02}:{b:02}-{c:02}:{d:02}")
    }
}

impl Serialize for Quiet {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Quiet {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::read(&text).ok_or_else(|| {
            let short: String = text.chars().take(40).collect();
            D::Error::custom(format!("not hours of quiet: {short:?}: write \"22:00-07:00\""))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channels(text: &str) -> Vec<Channel> {
        toml::from_str::<Notify>(text).unwrap().channels
    }

    fn faults(text: &str) -> Vec<String> {
        let all = channels(text);
        let told = all.iter().flat_map(|channel| channel.faults(&all));
        told.map(|(key, message)| format!("{key}: {message}")).collect()
    }

    #[test]
    fn quiet_hours_go_over_midnight_and_end() {
        let zone = jiff::tz::offset(8).to_time_zone();
        let quiet = Quiet::read("22:00-07:00").unwrap();
        // 1970-01-01 22:00 there is 14:00 UTC.
        let ten = 14 * 3_600;
        assert_eq!(quiet.until(ten - 1, &zone), None);
        assert_eq!(quiet.until(ten, &zone), Some(ten + 9 * 3_600));
        assert_eq!(quiet.until(ten + 9 * 3_600 - 1, &zone), Some(ten + 9 * 3_600));
        assert_eq!(quiet.until(ten + 9 * 3_600, &zone), None);
        let noon = Quiet::read("12:00-13:30").unwrap();
        assert_eq!(noon.until(4 * 3_600, &zone), Some(4 * 3_600 + 5_400));
        assert_eq!(noon.to_string(), "12:00-13:30");
        for wrong in ["22-07", "22:00", "24:00-07:00", "7:00-8:00", "08:00-08:00", "", "22:60-07:00"] {
            assert_eq!(Quiet::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_could_never_be_sent_is_refused_with_what_to_write() {
        let robot = "[[channel]]\nid = \"a\"\nkind = \"wecom\"\ntell = [\"monitor\"]\n";
        assert_eq!(faults(robot), Vec::<String>::new());
        let mail = "[[channel]]\nid = \"m\"\nkind = \"mail\"\nserver = \"mail.example.cn:465\"\nfrom = \"a@b.cn\"\n";
        assert_eq!(faults(&format!("{mail}to = [\"c@d.cn\"]\n")), Vec::<String>::new());
        for (text, expected) in [
            (format!("{robot}next = \"b\"\n"), "no channel \"b\" (there are: a)"),
            (format!("{robot}next = \"a\"\n"), "circle: a → a"),
            (format!("{robot}{robot}"), "two channels"),
            (format!("{robot}to = [\"a@b.cn\"]\n"), "has no to"),
            (format!("{robot}per_minute = 0\n"), "1 or more"),
            (format!("{robot}endpoint = \"https://a.cn/send?key=abc\"\n"), "secrets.toml"),
            (format!("{robot}endpoint = \"ftp://a.cn/\"\n"), "https://"),
            ("[[channel]]\nid = \"w\"\nkind = \"webhook\"\n".to_owned(), "needs `endpoint`"),
            (format!("{mail}security = \"plain\"\n"), "plain_because"),
            (format!("{mail}tell = [\"head\"]\n"), "nobody to send to"),
            (format!("{mail}to = [\"领导 <a@b.cn>\"]\n"), "without a display name"),
            (format!("{mail}to = [\"a@b.cn\\r\\nBcc: x@y.cn\"]\n"), "no address of mail"),
            (mail.replace(":465", ""), "host:port"),
            (robot.replace("\"a\"", "\"A b\""), "is no id"),
            (format!("{robot}next = \"m\"\n{mail}"), "nobody to send to"),
        ] {
            let told = faults(&text);
            assert!(told.iter().any(|fault| fault.contains(expected)), "{expected}: {told:?}");
        }
        assert_eq!(
            faults(&format!("{mail}security = \"plain\"\nplain_because = \"政务内网\"\n")),
            Vec::<String>::new()
        );
    }
}
