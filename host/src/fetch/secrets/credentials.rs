//! What the requests of one crawl carry, and taking out again what a site repeats of it.

use std::fmt;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use caifeng_plugin_host::address::HostPattern;
use caifeng_plugin_host::manifest::{Attach, Manifest, Secret};
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};
use url::{Url, form_urlencoded};

/// What stands where a secret stood.
const GONE: &str = "[secret]";

/// The ways in which a site may repeat a value.
fn spellings(value: &str) -> Vec<String> {
    let form: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let mut all = vec![value.to_owned(), form.replace('+', "%20"), form, value.replace('/', "\\/")];
    all.extend([value.replace('&', "&amp;"), value.replace('"', "\\\"")]);
    all.sort();
    all.dedup();
    all
}

/// Finds secrets in what came back.
#[derive(Clone, Default)]
pub(super) struct Finder(Option<Arc<AhoCorasick>>);

impl Finder {
    pub(super) fn new<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let spellings: Vec<String> = values.flat_map(spellings).collect();
        let finder = (!spellings.is_empty()).then(|| {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(aho_corasick::MatchKind::LeftmostLongest)
                .build(&spellings)
                .ok()
        });
        Self(finder.flatten().map(Arc::new))
    }

    /// Takes them out of a text.
    pub(super) fn scrub_text(&self, text: &mut String) {
        if let Some(finder) = self.0.as_ref().filter(|finder| finder.is_match(text.as_str())) {
            *text = finder.replace_all(text, &vec![GONE; finder.patterns_len()]);
        }
    }

    /// Takes them out of a body, whatever its encoding does to other characters.
    fn scrub(&self, body: &mut Vec<u8>) {
        if let Some(finder) = self.0.as_ref().filter(|finder| finder.is_match(body.as_slice())) {
            *body = finder.replace_all_bytes(body, &vec![GONE; finder.patterns_len()]);
        }
    }
}

/// The credentials of one crawl.
#[derive(Clone, Default)]
pub struct Credentials {
    plugin: String,
    attached: Vec<Attached>,
    unset: Vec<Secret>,
    target: Option<Url>,
    finder: Finder,
}

#[derive(Clone)]
struct Attached {
    secret: Secret,
    value: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set: Vec<_> = self.attached.iter().map(|one| &one.secret.name).collect();
        let unset: Vec<_> = self.unset.iter().map(|secret| &secret.name).collect();
        f.debug_struct("Credentials").field("set", &set).field("unset", &unset).finish_non_exhaustive()
    }
}

impl Credentials {
    /// Those of `manifest`'s secrets that `value` knows, for a watch of `target`.
    pub(super) fn new<'a>(
        manifest: &Manifest,
        target: Option<Url>,
        value: impl Fn(&Secret) -> Option<&'a String>,
    ) -> Self {
        let (mut attached, mut unset) = (Vec::new(), Vec::new());
        for secret in manifest.secrets.iter().cloned() {
            match value(&secret).cloned() {
                Some(value) => attached.push(Attached { secret, value }),
                None => unset.push(secret),
            }
        }
        let finder = Finder::new(attached.iter().map(|one| one.value.as_str()));
        Self { plugin: manifest.id.clone(), attached, unset, target, finder }
    }

    /// What the operator can do about a site that refuses, when the plugin could send more than it was given.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        let Secret { name, to, .. } = self.unset.first()?;
        let plugin = &self.plugin;
        let section = match (to, self.target.as_ref().and_then(Url::host_str)) {
            (HostPattern::Target, Some(host)) => format!("[{plugin}.{host:?}]"),
            (HostPattern::Target, None) => return None,
            _ => format!("[{plugin}]"),
        };
        Some(format!(
            "no secret {name:?} is set for plugin {plugin:?}: write {section} and {name} = \"…\" into secrets.toml in the data directory (mode 600) and start again"
        ))
    }

    /// Puts what belongs there into a request to `url`.
    pub(in crate::fetch) fn attach(&self, url: &mut Url, fields: &mut HeaderMap) {
        let here = url.clone();
        let fitting = self.attached.iter().filter(|one| one.secret.to.covers(&here, self.target.as_ref()));
        for Attached { secret, value } in fitting {
            match &secret.attach {
                Attach::Header(name) => {
                    if let (Ok(name), Some(value)) = (HeaderName::from_bytes(name.as_bytes()), sensitive(value)) {
                        fields.insert(name, value);
                    }
                }
                Attach::Bearer => {
                    if let Some(value) = sensitive(&format!("Bearer {value}")) {
                        fields.insert(AUTHORIZATION, value);
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
    pub(in crate::fetch) fn scrub_text(&self, text: &mut String) {
        self.finder.scrub_text(text);
    }

    /// Takes secrets out of a body.
    pub(in crate::fetch) fn scrub(&self, body: &mut Vec<u8>) {
        self.finder.scrub(body);
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
