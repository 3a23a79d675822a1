//! Which language a page speaks, and its words.
//!
//! Every sentence a person reads comes from `host/locales/`: the two catalogues
//! hold the same keys, and a test refuses a key that is missing, unused or
//! without its counterpart. A catalogue entry may hold two forms divided by
//! `|`: the first is for exactly one, the second for any other number.
//! (Chinese has one form and needs no divider.)

pub mod refusal;

use std::fmt::Display;

use caifeng_plugin_host::contract::Kind;

/// A language the desk speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// Simplified Chinese, the language of the plan and the default.
    Zh,
    /// English.
    En,
}

impl Lang {
    /// Both, in the order in which the switch shows them.
    pub const ALL: [Self; 2] = [Self::Zh, Self::En];

    /// The BCP 47 tag, which is also the catalogue's name and the value of `?lang=`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// The language of a BCP 47 tag, by its primary subtag (RFC 5646 §2.2.1).
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        if primary.eq_ignore_ascii_case("zh") {
            Some(Self::Zh)
        } else if primary.eq_ignore_ascii_case("en") {
            Some(Self::En)
        } else {
            None
        }
    }

    /// The language for a request: what the person chose (cookie `lang`), else
    /// the best of `Accept-Language` (RFC 9110 §12.5.4), else Chinese.
    #[must_use]
    pub fn negotiate(cookie: Option<&str>, accept: Option<&str>) -> Self {
        cookie.and_then(chosen).or_else(|| accept.and_then(preferred)).unwrap_or(Self::Zh)
    }

    /// The words of a catalogue key.
    #[must_use]
    pub fn t(self, key: &str) -> String {
        rust_i18n::t!(key, locale = self.code()).into_owned()
    }

    /// What a form of utterance is called.
    #[must_use]
    pub fn kind(self, kind: Kind) -> String {
        self.t(match kind {
            Kind::Article => "kind.article",
            Kind::Post => "kind.post",
            Kind::Comment => "kind.comment",
            Kind::Repost => "kind.repost",
        })
    }

    /// The words of a key that came from outside; nothing when the catalogue does not hold it.
    #[must_use]
    pub fn known(self, key: &str) -> Option<String> {
        crate::_rust_i18n_try_translate(self.code(), key).map(std::borrow::Cow::into_owned)
    }

    /// The words of a key with `%{name}` replaced by arguments. Arguments are
    /// never searched for further placeholders, so ingested text may be one.
    #[must_use]
    pub fn with(self, key: &str, arguments: &[(&str, &dyn Display)]) -> String {
        fill(&self.t(key), arguments)
    }

    /// The words of a key for a number: picks the form and fills in `%{n}`.
    #[must_use]
    pub fn count(self, key: &str, n: u64) -> String {
        let words = self.t(key);
        let form = match words.split_once('|') {
            Some((one, _)) if n == 1 => one,
            Some((_, other)) => other,
            None => &words,
        };
        fill(form, &[("n", &grouped(n))])
    }

    /// Names one after another, with the comma of the language.
    #[must_use]
    pub fn list<S: AsRef<str>>(self, names: &[S]) -> String {
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        names.join(&self.t("list.comma"))
    }
}

/// A number with a comma between groups of three digits.
#[must_use]
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn fill(words: &str, arguments: &[(&str, &dyn Display)]) -> String {
    let mut out = String::with_capacity(words.len());
    let mut rest = words;
    while let Some((before, after)) = rest.split_once("%{") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push_str("%{");
            rest = after;
            continue;
        };
        if let Some((_, value)) = arguments.iter().find(|(known, _)| *known == name) {
            out.push_str(&value.to_string());
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// The value of the cookie `lang` in a `Cookie` header field.
fn chosen(cookies: &str) -> Option<Lang> {
    cookies.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == "lang").then(|| Lang::of_tag(value)).flatten()
    })
}

/// The language with the highest weight; the first of equals wins.
fn preferred(accept: &str) -> Option<Lang> {
    let mut best: Option<(Lang, f32)> = None;
    for range in accept.split(',').take(32) {
        let mut parts = range.split(';');
        let Some(lang) = parts.next().and_then(Lang::of_tag) else {
            continue;
        };
        let weight = parts.find_map(|p| p.trim().strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
        if weight > 0.0 && best.is_none_or(|(_, w)| weight > w) {
            best = Some((lang, weight));
        }
    }
    best.map(|(lang, _)| lang)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::{Path, PathBuf};

    use super::*;

    #[test]
    fn a_choice_beats_the_browser_and_chinese_is_the_default() {
        assert_eq!(Lang::negotiate(None, None), Lang::Zh);
        assert_eq!(Lang::negotiate(None, Some("fr, *;q=0.1")), Lang::Zh);
        assert_eq!(Lang::negotiate(None, Some("zh;q=0.4, en-GB;q=0.8")), Lang::En);
        assert_eq!(Lang::negotiate(None, Some("en;q=0")), Lang::Zh);
        assert_eq!(Lang::negotiate(Some("a=b; lang=zh-CN"), Some("en")), Lang::Zh);
        assert_eq!(Lang::negotiate(Some("lang=xx"), Some("en")), Lang::En);
    }

    #[test]
    fn numbers_choose_their_form_and_are_grouped() {
        assert_eq!(Lang::En.count("count.posts", 1), "1 post");
        assert_eq!(Lang::En.count("count.posts", 12_345), "12,345 posts");
        assert_eq!(Lang::Zh.count("count.posts", 1), "1 条信息");
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999_999), "999,999");
    }

    #[test]
    fn an_argument_is_not_a_template() {
        assert_eq!(fill("%{a} and %{b}", &[("a", &"%{b}"), ("b", &"x")]), "%{b} and x");
        assert_eq!(fill("open %{ end", &[]), "open %{ end");
    }

    type Catalogue = BTreeMap<String, String>;

    fn catalogue(lang: Lang) -> Catalogue {
        fn flatten(prefix: &str, table: &toml::Table, into: &mut Catalogue) {
            for (key, value) in table {
                let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                match value {
                    toml::Value::Table(inner) => flatten(&path, inner, into),
                    toml::Value::String(words) => {
                        into.insert(path, words.clone());
                    }
                    _ if key == "_version" => {}
                    other => panic!("{path}: not text: {other}"),
                }
            }
        }
        let file = root().join(format!("locales/{}.toml", lang.code()));
        let table = std::fs::read_to_string(file).unwrap().parse::<toml::Table>().unwrap();
        let mut flat = Catalogue::new();
        flatten("", &table, &mut flat);
        flat
    }

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
    }

    fn sources(folder: &Path, into: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, into);
            } else if path.extension().is_some_and(|e| e == "rs" || e == "html") {
                into.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }

    /// String literals of the form `area.name`, in code and templates.
    fn literals(source: &str) -> BTreeSet<String> {
        let areas: BTreeSet<String> =
            catalogue(Lang::Zh).keys().filter_map(|k| Some(k.split_once('.')?.0.to_owned())).collect();
        source
            .split('"')
            .filter(|s| s.bytes().all(|b| b.is_ascii_lowercase() || b == b'.' || b == b'-'))
            .filter(|s| {
                ![".html", ".css", ".js", ".rs", ".toml", ".example", ".ics", ".atom"]
                    .iter()
                    .any(|file| s.ends_with(file))
            })
            .filter(|s| s.split_once('.').is_some_and(|(area, name)| areas.contains(area) && !name.is_empty()))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn catalogues_have_the_same_keys_and_the_same_arguments() {
        let arguments = |words: &str| -> BTreeSet<String> {
            words.split("%{").skip(1).filter_map(|p| Some(p.split_once('}')?.0.to_owned())).collect()
        };
        let (zh, en) = (catalogue(Lang::Zh), catalogue(Lang::En));
        assert_eq!(zh.keys().collect::<Vec<_>>(), en.keys().collect::<Vec<_>>());
        for (key, words) in &zh {
            assert!(!words.is_empty() && !en[key].is_empty(), "{key} is empty");
            assert_eq!(arguments(words), arguments(&en[key]), "arguments of {key}");
        }
    }

    #[test]
    fn every_key_is_used_and_every_used_key_exists() {
        let mut source = String::new();
        sources(&root().join("src/web"), &mut source);
        sources(&root().join("src/coverage"), &mut source);
        sources(&root().join("src/warning"), &mut source);
        sources(&root().join("src/plan"), &mut source);
        sources(&root().join("src/notify"), &mut source);
        sources(&root().join("src/reply"), &mut source);
        sources(&root().join("src/document"), &mut source);
        sources(&root().join("src/report"), &mut source);
        sources(&root().join("src/supervision"), &mut source);
        sources(&root().join("src/disclosure"), &mut source);
        sources(&root().join("src/contact"), &mut source);
        sources(&root().join("src/feed"), &mut source);
        sources(&root().join("src/privacy"), &mut source);
        sources(&root().join("src/case"), &mut source);
        sources(&root().join("src/drill"), &mut source);
        for file in ["src/record.rs", "src/listing.rs", "src/lang.rs"] {
            source.push_str(&std::fs::read_to_string(root().join(file)).unwrap());
        }
        sources(&root().join("templates"), &mut source);
        let used = literals(&source);
        let known: BTreeSet<String> = catalogue(Lang::Zh).into_keys().collect();
        assert_eq!(known.difference(&used).collect::<Vec<_>>(), Vec::<&String>::new(), "unused");
        assert_eq!(used.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "missing");
    }

    #[test]
    fn templates_hold_no_words_of_their_own() {
        let mut source = String::new();
        sources(&root().join("templates"), &mut source);
        let said: Vec<&str> = source.lines().filter(|l| l.chars().any(|c| c >= '\u{4e00}')).collect();
        assert_eq!(said, Vec::<&str>::new());
    }
}
