//! 联系人: who can be reached at media, sites and forums, because that is their work (P21).
//!
//! Pure. This is no register of persons (design §7): a [`Contact`] is an organisation and a function there, and the name of
//! who fills it is optional. What belongs to a person and not to the function — a home, a birthday, a photograph — has no
//! field and is left out of what is taken in. Nothing leads from a contact to what somebody posted, nor the other way.
//!
//! | question | module |
//! | --- | --- |
//! | what is a contact, and what is none | here |
//! | cards of other programs | [`vcard`], read line by line by [`lines`] |
//! | tables of other programs | [`table`] |
//! | what becomes of a file of them | [`intake`] |

pub mod intake;
pub mod lines;
pub mod table;
pub mod vcard;

use serde::{Deserialize, Serialize};

use crate::document::{Address, Plain};

/// The number a person calls a contact by.
pub type ContactId = i64;

/// Where somebody works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// 新闻媒体.
    #[default]
    Media,
    /// 网站.
    Site,
    /// 论坛、社区.
    Forum,
}

impl Kind {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Media, Self::Site, Self::Forum];

    /// The name that the command line and tables use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Media => "media",
            Self::Site => "site",
            Self::Forum => "forum",
        }
    }

    /// The kind of this name, if there is one; tables may say it in Chinese.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name.trim() {
            "媒体" | "新闻媒体" => Some(Self::Media),
            "网站" => Some(Self::Site),
            "论坛" | "社区" => Some(Self::Forum),
            name => Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(name)),
        }
    }
}

/// Somebody in their function. One that exists is fit to be kept: [`Contact::new`] makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Contact {
    /// Where they work.
    pub kind: Kind,
    /// The organisation.
    pub organisation: String,
    /// The department, where one is known.
    pub department: Option<String>,
    /// The function: 记者, 值班编辑, 站长.
    pub role: String,
    /// Who fills it; `None` for a desk that anybody answers.
    pub name: Option<String>,
    /// Telephone numbers at work, as people write them.
    pub phones: Vec<String>,
    /// Addresses for mail.
    pub emails: Vec<String>,
    /// Pages of the organisation or of its contact desk.
    pub links: Vec<String>,
}

/// An entry of the record about contacts; it belongs to no incident and holds no name. Its JSON form is hashed: a variant or
/// field may be added, never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum ContactEntry {
    /// Somebody new.
    ContactAdded {
        /// Which.
        contact: ContactId,
    },
    /// What is kept of it is different now.
    ContactChanged {
        /// Which.
        contact: ContactId,
    },
    /// It is gone, with what was said with it.
    ContactRemoved {
        /// Which.
        contact: ContactId,
    },
    /// A file was taken in.
    ContactsImported {
        /// Contacts that were not known.
        added: u64,
        /// Contacts that are different now.
        changed: u64,
    },
}

/// A contact as somebody wrote it, before anybody has looked at it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// Where they work; media when nobody said.
    pub kind: Option<Kind>,
    /// The organisation.
    pub organisation: String,
    /// The department.
    pub department: String,
    /// The function.
    pub role: String,
    /// Who fills it.
    pub name: String,
    /// Telephone numbers.
    pub phones: Vec<String>,
    /// Addresses for mail.
    pub emails: Vec<String>,
    /// Pages.
    pub links: Vec<String>,
}

/// A part of a contact, as messages name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// By which other programs know it.
    Uid,
    /// Where they work.
    Kind,
    /// The organisation.
    Organisation,
    /// The department.
    Department,
    /// The function.
    Role,
    /// Who fills it.
    Name,
    /// Telephone numbers.
    Phone,
    /// Addresses for mail.
    Email,
    /// Pages.
    Link,
}

impl Field {
    /// The name that tables and messages use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uid => "uid",
            Self::Kind => "kind",
            Self::Organisation => "organisation",
            Self::Department => "department",
            Self::Role => "role",
            Self::Name => "name",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Link => "link",
        }
    }
}

/// What is wrong with a part of a contact: whoever wrote it must correct it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{}: {message}", field.as_str())]
pub struct Unfit {
    /// Where.
    pub field: Field,
    /// Which of several, from 0.
    pub nth: usize,
    /// What, and what to write.
    pub message: String,
}

/// Longest texts, in characters: what a business card has room for, twice.
const LONGEST: usize = 120;
/// Longest addresses, in characters (RFC 5321 §4.5.3.1.3 for mail).
const LONGEST_EMAIL: usize = 254;
/// Longest page address, in characters.
const LONGEST_LINK: usize = 500;
/// Longest telephone number as people write it, in characters.
const LONGEST_PHONE: usize = 40;
/// Most numbers, addresses or pages of one contact.
const MOST: usize = 8;

impl Contact {
    /// A contact that is fit to be kept, or everything that is wrong with it. Texts are on one line and hold nothing that
    /// acts instead of being read; numbers, addresses and pages stand once each.
    ///
    /// # Errors
    /// What is wrong, field by field: above all a contact without an organisation or a function, which would be a person.
    pub fn new(draft: &Draft) -> Result<Self, Vec<Unfit>> {
        let mut wrong = Vec::new();
        let contact = Self {
            kind: draft.kind.unwrap_or_default(),
            organisation: text(&draft.organisation, Field::Organisation, &mut wrong).unwrap_or_default(),
            department: text(&draft.department, Field::Department, &mut wrong),
            role: text(&draft.role, Field::Role, &mut wrong).unwrap_or_default(),
            name: text(&draft.name, Field::Name, &mut wrong),
            phones: list(&draft.phones, Field::Phone, phone, &mut wrong),
            emails: list(&draft.emails, Field::Email, email, &mut wrong),
            links: list(&draft.links, Field::Link, link, &mut wrong),
        };
        let mut say = |field, message: &str| wrong.push(Unfit { field, nth: 0, message: message.to_owned() });
        if contact.organisation.is_empty() {
            say(
                Field::Organisation,
                "missing: a contact is somebody in their function at an organisation, and nobody else is kept here",
            );
        } else if contact.name.as_ref() == Some(&contact.organisation) {
            say(Field::Organisation, "this is the person's own name: write where they work");
        }
        if contact.role.is_empty() {
            say(Field::Role, "missing: write what their work there is, such as 记者 or editor");
        }
        if contact.phones.is_empty() && contact.emails.is_empty() && contact.links.is_empty() {
            say(Field::Phone, "no way to reach them: write a telephone number, an address for mail or a page");
        }
        if wrong.is_empty() { Ok(contact) } else { Err(wrong) }
    }

    /// What [`new`](Self::new) makes it of again.
    #[must_use]
    pub fn draft(&self) -> Draft {
        let of = |text: &Option<String>| text.clone().unwrap_or_default();
        Draft {
            kind: Some(self.kind),
            organisation: self.organisation.clone(),
            department: of(&self.department),
            role: self.role.clone(),
            name: of(&self.name),
            phones: self.phones.clone(),
            emails: self.emails.clone(),
            links: self.links.clone(),
        }
    }

    /// The same function at the same organisation, filled by the same person: what two files without a common number
    /// know each other by.
    #[must_use]
    pub fn is_same_post(&self, other: &Self) -> bool {
        (&self.organisation, &self.role, &self.name) == (&other.organisation, &other.role, &other.name)
    }
}

fn text(text: &str, field: Field, wrong: &mut Vec<Unfit>) -> Option<String> {
    let plain = Plain::of(text);
    if plain.chars() > LONGEST {
        let message = format!("{} characters, at most {LONGEST} are kept: write it shorter", plain.chars());
        wrong.push(Unfit { field, nth: 0, message });
        return None;
    }
    let trimmed = plain.as_str().trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

fn list(
    texts: &[String],
    field: Field,
    read: impl Fn(&str) -> Result<String, String>,
    wrong: &mut Vec<Unfit>,
) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (nth, text) in texts.iter().enumerate() {
        let plain = Plain::of(text);
        let plain = plain.as_str().trim();
        if plain.is_empty() {
            continue;
        }
        match read(plain) {
            Ok(one) if found.contains(&one) => {}
            Ok(one) => found.push(one),
            Err(message) => wrong.push(Unfit { field, nth, message }),
        }
    }
    if found.len() > MOST {
        wrong.push(Unfit { field, nth: 0, message: format!("{} of them: keep at most {MOST}", found.len()) });
        found.truncate(MOST);
    }
    found
}

/// What a message shows of something that is wrong.
fn head(text: &str) -> String {
    Plain::of(text).cut(40).as_str().to_owned()
}

fn phone(text: &str) -> Result<String, String> {
    let text = text.strip_prefix("tel:").unwrap_or(text);
    let written =
        |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '(' | ')' | ' ' | '.' | '/' | '*' | '#' | 'x' | '转');
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if digits >= 3 && text.chars().count() <= LONGEST_PHONE && text.chars().all(written) {
        return Ok(text.to_owned());
    }
    Err(format!("not a telephone number: {:?}: write digits, such as +86 318 5320000 or 0318-5320000 转 8", head(text)))
}

fn email(text: &str) -> Result<String, String> {
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let fine = |c: char| !c.is_whitespace() && !matches!(c, '<' | '>' | '"' | ',' | ';' | '(' | ')' | '[' | ']' | '\\');
    let parts =
        text.split_once('@').filter(|(local, host)| !local.is_empty() && host.contains('.') && !host.contains('@'));
    if parts.is_some() && text.chars().count() <= LONGEST_EMAIL && text.chars().all(fine) {
        return Ok(text.to_owned());
    }
    Err(format!("not an address for mail: {:?}: write name@example.cn", head(text)))
}

fn link(text: &str) -> Result<String, String> {
    let schemed = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    match Address::of(&schemed).filter(|address| address.as_str().chars().count() <= LONGEST_LINK) {
        Some(address) => Ok(address.as_str().to_owned()),
        None => Err(format!("not a web address: {:?}: write https://example.cn/contact", head(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn reporter() -> Draft {
        Draft {
            kind: Some(Kind::Media),
            organisation: "河北日报".into(),
            department: "政法部".into(),
            role: "记者".into(),
            name: "王芳".into(),
            phones: vec!["+86 311 8866 1234".into()],
            emails: vec!["wangfang@hbrb.example.cn".into()],
            links: vec!["https://hbrb.example.cn/contact".into()],
        }
    }

    fn wrong(change: impl FnOnce(&mut Draft)) -> Vec<String> {
        let mut draft = reporter();
        change(&mut draft);
        Contact::new(&draft).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_person_without_an_organisation_and_a_function_is_no_contact() {
        let told = wrong(|draft| (draft.organisation, draft.role) = ("\u{200b} ".into(), String::new()));
        assert!(told[0].starts_with("organisation: missing: a contact is somebody in their function"), "{told:?}");
        assert!(told[1].starts_with("role: missing"), "{told:?}");
        let told = wrong(|draft| draft.organisation = "王芳".into());
        assert!(told[0].contains("the person's own name"), "{told:?}");
        let told = wrong(|draft| (draft.phones, draft.emails, draft.links) = (vec![], vec![], vec![]));
        assert!(told[0].contains("no way to reach them"), "{told:?}");
        let desk = Contact::new(&Draft { name: String::new(), ..reporter() }).unwrap();
        assert_eq!(desk.name, None, "a desk that anybody answers is one");
    }

    #[test]
    fn what_is_written_is_made_harmless_and_stands_once() {
        let contact = Contact::new(&Draft {
            organisation: " 河北\r\n日报\u{202e} ".into(),
            phones: vec!["tel:+86-311-88661234".into(), "+86-311-88661234".into(), " ".into()],
            emails: vec!["mailto:a@b.example".into()],
            links: vec!["hbrb.example.cn/\"><b>".into()],
            ..reporter()
        });
        let contact = contact.unwrap();
        assert_eq!(contact.organisation, "河北 日报");
        assert_eq!(contact.phones, ["+86-311-88661234"]);
        assert_eq!(contact.emails, ["a@b.example"]);
        assert_eq!(contact.links, ["https://hbrb.example.cn/%22%3E%3Cb%3E"]);
    }

    #[test]
    fn what_is_no_number_address_or_page_is_told_and_so_is_what_has_no_end() {
        for (phone, fine) in [("12", false), ("=1+1", false), ("110", true), ("电话", false), ("0318-5320000转8", true)]
        {
            let draft = Draft { phones: vec![phone.into()], ..reporter() };
            assert_eq!(Contact::new(&draft).is_ok(), fine, "{phone}");
        }
        for email in ["a", "@b.cn", "a@b", "a@b@c.cn", "a b@c.cn", "a@c.cn,b@c.cn", "<a@c.cn>"] {
            assert!(
                wrong(|draft| draft.emails = vec![email.into()])[0].starts_with("email: not an address"),
                "{email}"
            );
        }
        for link in ["javascript:alert(1)", "ftp://a.example", "https://u:p@a.example"] {
            assert!(wrong(|draft| draft.links = vec![link.into()])[0].starts_with("link: not a web address"), "{link}");
        }
        let told = wrong(|draft| draft.name = "长".repeat(200));
        assert_eq!(told, ["name: 200 characters, at most 120 are kept: write it shorter"]);
        let told = wrong(|draft| draft.phones = (100..200).map(|n| n.to_string()).collect());
        assert_eq!(told, ["phone: 100 of them: keep at most 8"]);
    }

    #[test]
    fn a_contact_is_what_its_own_draft_makes() {
        let contact = Contact::new(&reporter()).unwrap();
        assert_eq!(Contact::new(&contact.draft()), Ok(contact));
    }
}
