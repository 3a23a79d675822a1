//! What one robots.txt says to one robot: pure.
//!
//! RFC 9309, read as the reference implementation reads it, whose own cases are the test: a
//! group that names the robot beats the one for all, the longest rule that fits
//! decides, and `Allow` wins a tie. Patterns are compared byte by byte after what is not ASCII in them has been
//! percent-encoded; the address is compared as it stands, and an address that is fetched
//! stands encoded. Three liberties of the reference are taken too: misspelt keys, a
//! blank in place of the colon, and `/index.html` that allows its folder.
//!
//! One is added, in favour of the site (RFC 9309 §2.2.2): `Disallow: /%7Euser` forbids `/~user`.
//!
//! `Crawl-delay` is in no norm and yet what sites say; it is read in the groups that count.
//!
//! A pattern is compared in time linear in its own and the address's length, so that no file
//! makes a long evening of a short address.

use std::borrow::Cow;
use std::time::Duration;

/// Bytes of a line that are read; the reference cuts there too.
const LONGEST_LINE: usize = 2_083 * 8;

/// Longest pause that a file can ask for: what asks for more is given this and the sweep's own limits.
const LONGEST_DELAY: Duration = Duration::from_secs(10 * 60);

/// The rules of one file, for one robot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Of the groups that name the robot; `None` when none does.
    own: Option<Group>,
    /// Of the groups for all.
    all: Group,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Group {
    rules: Vec<Rule>,
    delay: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    allow: bool,
    pattern: String,
}

impl Rules {
    /// Reads a file as the robot called `agent`, its bare name, is to read it. Never fails: what is no rule says nothing.
    #[must_use]
    pub fn parse(file: &[u8], agent: &str) -> Self {
        let mut reading = Reading::default();
        let file = without_mark(file);
        for line in file.split(|byte| matches!(byte, b'\n' | b'\r')) {
            let line = &line[..line.len().min(LONGEST_LINE)];
            if let Some((key, value)) = key_and_value(line) {
                reading.line(key, value, agent);
            }
        }
        reading.rules
    }

    /// May the robot read this path, with its query, as it stands in the address?
    #[must_use]
    pub fn allows(&self, path: &str) -> bool {
        // The file itself may always be read (§2.2.2).
        if path == "/robots.txt" {
            return true;
        }
        let decided = self.own.as_ref().and_then(|own| own.decide(path));
        match (decided, &self.own) {
            (Some(allowed), _) => allowed,
            (None, Some(_)) => true,
            (None, None) => self.all.decide(path).unwrap_or(true),
        }
    }

    /// How long the site wants the robot to wait from one request to the next, at most ten minutes.
    #[must_use]
    pub fn delay(&self) -> Option<Duration> {
        self.own.as_ref().unwrap_or(&self.all).delay
    }
}

impl Group {
    /// The longest rule that fits; `None` when none does, or only an empty one.
    fn decide(&self, path: &str) -> Option<bool> {
        let longest = |allow: bool| {
            let fitting = self.rules.iter().filter(|rule| rule.allow == allow && rule.fits(path));
            fitting.map(|rule| rule.pattern.len()).max().unwrap_or(0)
        };
        let (allowed, forbidden) = (longest(true), longest(false));
        (allowed + forbidden > 0).then_some(allowed >= forbidden)
    }
}

impl Rule {
    fn fits(&self, path: &str) -> bool {
        fits(&self.pattern, path)
            || !self.allow && self.pattern.contains('%') && fits(&unreserved(&self.pattern), &unreserved(path))
    }
}

/// What has been read so far, and which groups the next rule belongs to.
#[derive(Default)]
struct Reading {
    rules: Rules,
    in_own: bool,
    in_all: bool,
    /// A rule has been read since the last robot was named: the next name begins another group.
    separated: bool,
}

impl Reading {
    fn line(&mut self, key: Key, value: &[u8], agent: &str) {
        match key {
            Key::UserAgent => self.user_agent(value, agent),
            Key::Allow => self.allow(value),
            Key::Disallow => self.rule(false, value),
            Key::CrawlDelay => self.delay(value),
        }
    }

    fn user_agent(&mut self, value: &[u8], agent: &str) {
        if std::mem::take(&mut self.separated) {
            (self.in_own, self.in_all) = (false, false);
        }
        if value.first() == Some(&b'*') && value.get(1).is_none_or(u8::is_ascii_whitespace) {
            self.in_all = true;
            return;
        }
        let end = value.iter().position(|b| !(b.is_ascii_alphabetic() || matches!(b, b'-' | b'_')));
        let named = &value[..end.unwrap_or(value.len())];
        if !named.is_empty() && named.eq_ignore_ascii_case(agent.as_bytes()) {
            self.in_own = true;
            self.rules.own.get_or_insert_default();
        }
    }

    fn allow(&mut self, value: &[u8]) {
        self.rule(true, value);
        // `Allow: /folder/index.html` allows the folder's own address as well.
        let last = value.iter().rposition(|b| *b == b'/');
        if let Some(folder) = last.filter(|at| value[*at..].starts_with(b"/index.html")) {
            self.rule(true, &[&value[..=folder], b"$"].concat());
        }
    }

    fn rule(&mut self, allow: bool, value: &[u8]) {
        let pattern = escaped(value);
        for group in self.groups() {
            group.rules.push(Rule { allow, pattern: pattern.clone() });
        }
    }

    fn delay(&mut self, value: &[u8]) {
        let seconds = str::from_utf8(value).ok().and_then(|text| text.parse::<f64>().ok());
        let delay = seconds.filter(|s| *s >= 0.0).map(|s| Duration::from_secs_f64(s.min(LONGEST_DELAY.as_secs_f64())));
        // Not a rule: names before and after it are of one group.
        let separated = self.separated;
        for group in self.groups() {
            group.delay = group.delay.max(delay);
        }
        self.separated = separated;
    }

    /// The groups that a rule at this place belongs to.
    fn groups(&mut self) -> impl Iterator<Item = &mut Group> {
        self.separated |= self.in_own || self.in_all;
        let own = self.rules.own.as_mut().filter(|_| self.in_own);
        own.into_iter().chain(self.in_all.then_some(&mut self.rules.all))
    }
}

#[derive(Clone, Copy)]
enum Key {
    UserAgent,
    Allow,
    Disallow,
    CrawlDelay,
}

impl Key {
    /// A key counts by how it begins, and some misspellings count too.
    fn of(text: &[u8]) -> Option<Self> {
        const KEYS: [(&str, Key); 11] = [
            ("user-agent", Key::UserAgent),
            ("useragent", Key::UserAgent),
            ("user agent", Key::UserAgent),
            ("allow", Key::Allow),
            ("disallow", Key::Disallow),
            ("dissallow", Key::Disallow),
            ("dissalow", Key::Disallow),
            ("disalow", Key::Disallow),
            ("diasllow", Key::Disallow),
            ("disallaw", Key::Disallow),
            ("crawl-delay", Key::CrawlDelay),
        ];
        let begins = |key: &str| text.get(..key.len()).is_some_and(|start| start.eq_ignore_ascii_case(key.as_bytes()));
        KEYS.iter().find(|(key, _)| begins(key)).map(|(_, key)| *key)
    }
}

/// Key and value of a line without its comment: divided by a colon, or by the one gap between two words.
fn key_and_value(line: &[u8]) -> Option<(Key, &[u8])> {
    let end = line.iter().position(|b| *b == b'#').unwrap_or(line.len());
    let line = line[..end].trim_ascii();
    let (key, value) = match line.iter().position(|b| *b == b':') {
        Some(colon) => (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()),
        None => {
            let gap = line.iter().position(u8::is_ascii_whitespace)?;
            (&line[..gap], line[gap..].trim_ascii())
        }
    };
    let divided = line.contains(&b':') || !value.iter().any(u8::is_ascii_whitespace);
    Key::of(key).filter(|_| divided).map(|key| (key, value))
}

/// The file without a byte order mark, also without half of one.
fn without_mark(file: &[u8]) -> &[u8] {
    let mark = [0xef, 0xbb, 0xbf];
    let same = file.iter().zip(mark).take_while(|(a, b)| **a == *b).count();
    &file[same..]
}

/// A pattern as it is compared: what is not ASCII percent-encoded, codes in capitals.
fn escaped(value: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'%', [a, b, ..]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
                out.push('%');
                out.extend([a, b].map(|digit| digit.to_ascii_uppercase() as char));
                rest = &after[2..];
            }
            (0x80.., _) => {
                // Writing to a text cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
            _ => out.push(byte as char),
        }
    }
    out
}

/// With codes that stand for letters, digits and `-._~` undone: both spellings are one address (RFC 3986 §6.2.2.2).
fn unreserved(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 3).and_then(|code| u8::from_str_radix(code, 16).ok());
        let plain = code.filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'));
        if let Some(byte) = plain {
            out.push(byte as char);
        } else {
            out.push('%');
        }
        rest = &rest[at + if plain.is_some() { 3 } else { 1 }..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Does the pattern fit the beginning of the path? `*` is anything, `$` at its end the path's end.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, whole) = pattern.strip_suffix('$').map_or((pattern, false), |pattern| (pattern, true));
    let mut pieces = pattern.split('*');
    // What stands before the first star begins the path; what stands between stars is found at its first place.
    let Some(mut rest) = pieces.next().and_then(|first| path.strip_prefix(first)) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let last = pieces.pop();
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    match (last, whole) {
        (None, true) => rest.is_empty(),
        (None, false) => true,
        (Some(last), true) => rest.ends_with(last),
        (Some(last), false) => rest.contains(last),
    }
}

/// Path and query of an address as the reference takes them from a text that may be none: from the first
/// `/`, `?` or `;` after the host up to the fragment.
#[must_use]
pub fn path_of(address: &str) -> String {
    let after = address.find("//").filter(|at| *at == 0 || address[..*at].ends_with(':')).map_or(0, |at| at + 2);
    let host = &address[after..];
    let Some(start) = host.find(['/', '?', ';', '#']) else { return "/".to_owned() };
    let path = &host[start..];
    let path = &path[..path.find('#').unwrap_or(path.len())];
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

#[cfg(test)]
mod tests;
