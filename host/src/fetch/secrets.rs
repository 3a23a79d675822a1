//! The operator's credentials: read from `DATA/secrets.toml`, attached by the host, seen by nobody.
//!
//! ```toml
//! [weibo]                     # the plugin
//! access-token = "2.00abc…"   # a [[secret]] that its manifest declares
//! ```
//!
//! The file must be readable by its owner only. A secret goes to the host that the manifest names, over
//! https (or to a pair of `[network] private`), in requests whose address has not left the origin that the plugin
//! asked; never along a redirect to another.
//!
//! A secret enters a request after the request has been written down, and whatever comes back is searched for it before
//! anybody sees it: a site that repeats a token in an error, a redirect or a page gives it away to no recording, plugin,
//! log or failure. That is why a secret has at least [`SHORTEST`] characters: fewer would be found everywhere.
//! No type here prints one.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use caifeng_plugin_host::manifest::{Attach, Manifest, Secret};
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};
use url::{Url, form_urlencoded};

/// Characters of a secret, at least.
pub const SHORTEST: usize = 8;

/// What stands where a secret stood.
const GONE: &str = "[secret]";

/// All secrets of one data directory.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, BTreeMap<String, String>>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|(plugin, secrets)| (plugin, secrets.keys().collect::<Vec<_>>()));
        f.debug_map().entries(names).finish()
    }
}

/// The operator must act on `secrets.toml`. No message holds a value.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others can read it.
    #[error("{}: other users can read it (mode {mode:03o}): run chmod 600 on it, and replace the secrets if others may have", .0.display(), mode = .1)]
    Open(PathBuf, u32),
    /// It is not written as it should be.
    #[error("{}:{line}: not written as [plugin] and name = \"value\"", path.display())]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// A value that could not be sent or not be kept secret.
    #[error("{}: [{plugin}] {name}: {what}", path.display())]
    Value {
        /// Which file.
        path: PathBuf,
        /// Which plugin.
        plugin: String,
        /// Which secret.
        name: String,
        /// What a secret must be.
        what: &'static str,
    },
}

impl Secrets {
    /// Reads `path`; a file that does not exist holds none.
    ///
    /// # Errors
    /// See [`SecretsError`].
    pub fn read(path: &Path) -> Result<Self, SecretsError> {
        use std::os::unix::fs::PermissionsExt as _;
        let unreadable = |source| SecretsError::Unreadable { path: path.to_owned(), source };
        let mode = match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            found => found.map_err(unreadable)?.permissions().mode() & 0o777,
        };
        if mode & 0o077 != 0 {
            return Err(SecretsError::Open(path.to_owned(), mode));
        }
        Self::parse(&std::fs::read_to_string(path).map_err(unreadable)?, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, SecretsError> {
        // The parser's own message shows the line, and on the line stands the secret.
        let secrets: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(text).map_err(|error| {
            let before = error.span().map_or(0, |span| span.start).min(text.len());
            let line = text.as_bytes()[..before].iter().filter(|b| **b == b'\n').count() + 1;
            SecretsError::Wrong { path: path.to_owned(), line }
        })?;
        for (plugin, name, value) in
            secrets.iter().flat_map(|(plugin, own)| own.iter().map(move |(name, value)| (plugin, name, value)))
        {
            let what = if value.len() < SHORTEST {
                "a secret has at least 8 characters: a shorter one could not be kept out of records"
            } else if !value.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
                "a secret is ASCII, in one line"
            } else {
                continue;
            };
            let (plugin, name) = (plugin.clone(), name.clone());
            return Err(SecretsError::Value { path: path.to_owned(), plugin, name, what });
        }
        Ok(Self(secrets))
    }

    /// Plugins that have a section here.
    pub fn plugins(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What the requests of one crawl carry. `target` is the address that the watch names.
    #[must_use]
    pub fn credentials(&self, manifest: &Manifest, target: Option<Url>) -> Credentials {
        let own = self.0.get(&manifest.id);
        let value = |secret: &Secret| own.and_then(|own| own.get(&secret.name));
        let (set, unset): (Vec<_>, Vec<_>) = manifest.secrets.iter().partition(|secret| value(secret).is_some());
        let attached: Vec<Attached> = set
            .into_iter()
            .filter_map(|secret| Some(Attached { secret: secret.clone(), value: value(secret)?.clone() }))
            .collect();
        let spellings: Vec<String> = attached.iter().flat_map(|one| spellings(&one.value)).collect();
        let finder = (!spellings.is_empty()).then(|| {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(aho_corasick::MatchKind::LeftmostLongest)
                .build(&spellings)
                .ok()
        });
        let unset = unset.into_iter().map(|secret| secret.name.clone()).collect();
        Credentials { plugin: manifest.id.clone(), attached, unset, target, finder: finder.flatten().map(Arc::new) }
    }
}

/// The ways in which a site may repeat a value.
fn spellings(value: &str) -> Vec<String> {
    let form: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let mut all = vec![value.to_owned(), form.replace('+', "%20"), form, value.replace('/', "\\/")];
    all.extend([value.replace('&', "&amp;"), value.replace('"', "\\\"")]);
    all.sort();
    all.dedup();
    all
}

/// The credentials of one crawl.
#[derive(Clone, Default)]
pub struct Credentials {
    plugin: String,
    attached: Vec<Attached>,
    unset: Vec<String>,
    target: Option<Url>,
    finder: Option<Arc<AhoCorasick>>,
}

#[derive(Clone)]
struct Attached {
    secret: Secret,
    value: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set: Vec<_> = self.attached.iter().map(|one| &one.secret.name).collect();
        f.debug_struct("Credentials").field("set", &set).field("unset", &self.unset).finish_non_exhaustive()
    }
}

impl Credentials {
    /// What the operator can do about a site that refuses, when the plugin could send more than it was given.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        let name = self.unset.first()?;
        let plugin = &self.plugin;
        Some(format!(
            "no secret {name:?} is set for plugin {plugin:?}: write [{plugin}] and {name} = \"…\" into secrets.toml in the data directory (mode 600) and start again"
        ))
    }

    /// Puts what belongs there into a request to `url`.
    pub(super) fn attach(&self, url: &mut Url, fields: &mut HeaderMap) {
        let here = url.clone();
        let fitting = self.attached.iter().filter(|one| one.secret.to.covers(&here, self.target.as_ref()));
        for Attached { secret, value } in fitting {
            match &secret.attach {
                Attach::Bearer => {
                    if let Some(value) = sensitive(&format!("Bearer {value}")) {
                        fields.insert(AUTHORIZATION, value);
                    }
                }
                Attach::Header(name) => {
                    if let (Ok(name), Some(value)) = (HeaderName::from_bytes(name.as_bytes()), sensitive(value)) {
                        fields.insert(name, value);
                    }
                }
                Attach::Cookie(name) => {
                    let jar = fields.get(COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
                    let others = jar.split("; ").filter(|pair| pair.split('=').next() != Some(name));
                    let own = format!("{name}={value}");
                    let all: Vec<&str> = std::iter::once(&*own).chain(others.filter(|pair| !pair.is_empty())).collect();
                    if let Some(all) = sensitive(&all.join("; ")) {
                        fields.insert(COOKIE, all);
                    }
                }
                Attach::Query(name) => set_parameter(url, name, value),
            }
        }
    }

    /// Takes secrets out of what came back.
    pub(super) fn scrub_text(&self, text: &mut String) {
        if let Some(finder) = self.finder.as_ref().filter(|finder| finder.is_match(text.as_str())) {
            *text = finder.replace_all(text, &vec![GONE; finder.patterns_len()]);
        }
    }

    /// Takes secrets out of a body, whatever its encoding does to other characters.
    pub(super) fn scrub(&self, body: &mut Vec<u8>) {
        if let Some(finder) = self.finder.as_ref().filter(|finder| finder.is_match(body.as_slice())) {
            *body = finder.replace_all_bytes(body, &vec![GONE; finder.patterns_len()]);
        }
    }
}

/// A header value that no debug output shows.
fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Sets a parameter and leaves the bytes of the others, which may be of any encoding.
fn set_parameter(url: &mut Url, name: &str, value: &str) {
    let others = url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let others = others.filter(|pair| pair.split('=').next() != Some(name));
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let own = format!("{}={}", encode(name), encode(value));
    let all: Vec<&str> = others.chain([&*own]).collect();
    let query = all.join("&");
    url.set_query(Some(&query));
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const MANIFEST: &str = r#"
id = "weibo"
version = "1.0.0"
name = "微博"
licence = "Apache-2.0"
[network]
allow = ["api.weibo.cn", "*.weibo.com", "target"]
[[target]]
kind = "keyword"
example = "停水"
[[step]]
name = "search"
[[secret]]
name = "access-token"
attach = "query:access_token"
to = "api.weibo.cn"
[[secret]]
name = "login"
attach = "cookie:SUB"
to = "*.weibo.com"
[[secret]]
name = "key"
attach = "header:X-Key"
to = "target"
"#;

    fn credentials(text: &str) -> Credentials {
        let secrets = Secrets::parse(text, Path::new("secrets.toml")).unwrap();
        let manifest = Manifest::parse(MANIFEST).unwrap();
        secrets.credentials(&manifest, Url::parse("https://own.gov.cn/forum").ok())
    }

    fn all() -> Credentials {
        credentials("[weibo]\naccess-token = \"2.00a/b+c&d\"\nlogin = \"_2A25xyz12\"\nkey = \"k-0123456789\"\n")
    }

    fn attached(to: &str) -> (String, HeaderMap) {
        let (mut url, mut fields) = (Url::parse(to).unwrap(), HeaderMap::new());
        fields.insert(COOKIE, "a=1; SUB=old; b=2".parse().unwrap());
        all().attach(&mut url, &mut fields);
        (url.into(), fields)
    }

    #[test]
    fn each_secret_goes_to_its_host_and_to_no_other() {
        let (url, fields) = attached("https://api.weibo.cn/2/search?access_token=guess&q=%CD%A3");
        assert_eq!(url, "https://api.weibo.cn/2/search?q=%CD%A3&access_token=2.00a%2Fb%2Bc%26d");
        assert_eq!((fields[COOKIE].to_str().unwrap(), fields.len()), ("a=1; SUB=old; b=2", 1));
        let (url, fields) = attached("https://m.weibo.com/x");
        assert_eq!(
            (&*url, &fields[COOKIE], fields.len()),
            ("https://m.weibo.com/x", &"SUB=_2A25xyz12; a=1; b=2".parse().unwrap(), 1)
        );
        let (url, fields) = attached("https://own.gov.cn/x?y");
        assert_eq!((&*url, &fields["x-key"]), ("https://own.gov.cn/x?y", &"k-0123456789".parse().unwrap()));
        for other in ["https://weibo.com/", "https://weibo.cn/", "https://api.weibo.cn.evil.cn/"] {
            let (url, fields) = attached(other);
            assert_eq!(
                (&*url, fields.len(), &fields[COOKIE]),
                (other, 1, &"a=1; SUB=old; b=2".parse().unwrap()),
                "{other}"
            );
        }
    }

    #[test]
    fn nothing_prints_a_secret() {
        let text = "[weibo]\naccess-token = \"hunter2hunter2\"\n";
        let secrets = Secrets::parse(text, Path::new("secrets.toml")).unwrap();
        let (mut url, mut fields) = (Url::parse("https://own.gov.cn/").unwrap(), HeaderMap::new());
        let credentials = credentials("[weibo]\nkey = \"hunter2hunter2\"\nlogin = \"hunter2hunter2\"");
        credentials.attach(&mut url, &mut fields);
        assert_eq!(fields.len(), 1);
        let said = format!("{secrets:?} {credentials:?} {fields:?} {:?}", credentials.advice());
        assert!(!said.contains("hunter2") && said.contains("access-token"), "{said}");
    }

    #[test]
    fn errors_name_the_place_and_never_the_value() {
        for (text, expected) in [
            ("[weibo]\nkey = hunter2hunter2\n", "secrets.toml:2"),
            ("[weibo]\nkey = \"hunter2hunter2\n", "secrets.toml:2"),
            ("key = \"hunter2hunter2\"\n", "secrets.toml:1"),
            ("[weibo]\n\nkey = 77777777\n", "secrets.toml:3"),
            ("[weibo]\nkey = \"hunter2\"\n", "[weibo] key: a secret has at least 8"),
            ("[weibo]\nkey = \"hunter2\\nhunter2\"\n", "[weibo] key: a secret is ASCII"),
        ] {
            let error = Secrets::parse(text, Path::new("secrets.toml")).unwrap_err();
            for said in [error.to_string(), format!("{error:?}")] {
                assert!(!said.contains("hunter2") && !said.contains("7777"), "{said}");
            }
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secrets.toml");
        assert_eq!(Secrets::read(&path).unwrap().plugins().count(), 0, "no file, no secrets");
        std::fs::write(&path, "[weibo]\nkey = \"hunter2hunter2\"\n").unwrap();
        for (mode, fine) in [(0o640, false), (0o604, false), (0o600, true), (0o400, true)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let read = Secrets::read(&path);
            assert_eq!(read.is_ok(), fine, "{mode:o}: {read:?}");
        }
    }

    #[test]
    fn what_a_site_repeats_is_taken_out_in_every_spelling() {
        let credentials = all();
        for repeated in ["2.00a/b+c&d", "2.00a%2Fb%2Bc%26d", "2.00a%2fb%2bc%26d", "2.00a\\/b+c&d", "2.00a/b+c&amp;d"] {
            let mut text = format!("invalid token {repeated}!");
            credentials.scrub_text(&mut text);
            assert_eq!(text, "invalid token [secret]!", "{repeated}");
        }
        let mut body = b"\xcd\xa3 k-0123456789 \xff".to_vec();
        credentials.scrub(&mut body);
        assert_eq!(body, b"\xcd\xa3 [secret] \xff");
    }

    #[test]
    fn what_is_missing_is_said_with_what_to_write() {
        let advice = credentials("[weibo]\naccess-token = \"12345678\"\nkey = \"12345678\"").advice().unwrap();
        assert!(
            advice.contains("\"login\"") && advice.contains("[weibo]") && advice.contains("secrets.toml"),
            "{advice}"
        );
        assert_eq!(all().advice(), None);
    }
}
