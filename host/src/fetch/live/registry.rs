//! Plugins in an OCI registry: one request after the other, by the distribution specification 1.1
//! (<https://github.com/opencontainers/distribution-spec>).
//!
//! A plugin is an artifact of one layer, as Wasm components are kept there by others too (`application/wasm`, config
//! `application/vnd.wasm.config.v0+json`); its signature stands in an annotation of the manifest. Nothing that a registry
//! says is believed: every byte is held against the digest that led to it, and sizes are bounded before they are read.
//!
//! Registries are reached past the guard, on every redirect. A login goes to the registry itself and, over https, to the
//! server of tokens that it names; never along with a redirect. Given up: multi-platform indexes, chunked uploads.

use caifeng_plugin_host::artifact::Digest;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, LOCATION, WWW_AUTHENTICATE};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde::{Deserialize, Serialize};
use url::Url;

use super::Live;
use crate::fetch::MAX_HOPS;
use crate::fetch::guard::{Refusal, check_url};
use crate::fetch::registry::{Reference, RegistryError};

/// A manifest of the image specification 1.1.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The layer: a component.
const LAYER: &str = "application/wasm";
/// What is said of it (CNCF, Wasm OCI artifact layout).
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// The annotation with the signature, as the file beside a plugin.
const SIGNATURE: &str = "caifeng.plugin.minisig";

/// Bytes of a manifest and of an answer with a token.
const SMALL: u64 = 1 << 20;
/// Tags that are shown to who named none.
const MOST_TAGS: usize = 20;
/// Bytes of a plugin.
const LARGEST: u64 = 256 << 20;

/// A plugin as a registry keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The file.
    pub file: Vec<u8>,
    /// The text of its signature.
    pub signature: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u8,
    #[serde(default)]
    media_type: Option<String>,
    #[serde(default)]
    artifact_type: Option<String>,
    config: Descriptor,
    layers: Vec<Descriptor>,
    #[serde(default)]
    annotations: std::collections::BTreeMap<String, String>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: String,
    size: u64,
}

impl Descriptor {
    fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self { media_type: media_type.to_owned(), digest: digest(bytes), size: bytes.len() as u64 }
    }
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", Digest::of(bytes))
}

impl Live {
    /// Fetches a plugin from a registry.
    ///
    /// # Errors
    /// See [`RegistryError`].
    pub async fn pull(&self, from: &Reference) -> Result<Kept, RegistryError> {
        let mut visit = Visit { live: self, to: from, token: None };
        let url = from.at(&format!("manifests/{}", from.name()))?;
        let response = match visit.get(url, "pull").await {
            Err(RegistryError::Missing(place)) => return Err(visit.missing(place).await),
            response => response?,
        };
        let announced = response.headers().get("docker-content-digest").and_then(|value| value.to_str().ok());
        let announced = announced.map(str::to_owned);
        let bytes = whole(response, SMALL).await?;
        let promised = from.digest().or(announced.as_deref());
        if let Some(promised) = promised.filter(|promised| **promised != digest(&bytes)) {
            return Err(from.lies(format!("a manifest of {} in place of {promised}", digest(&bytes))));
        }
        let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| from.foreign(error.to_string()))?;
        let mut layers = manifest.layers.iter().filter(|layer| layer.media_type == LAYER);
        let (Some(layer), None) = (layers.next(), layers.next()) else {
            return Err(from.foreign("not one layer of application/wasm".to_owned()));
        };
        if layer.size > LARGEST {
            return Err(from.foreign(format!("{} bytes, more than any plugin", layer.size)));
        }
        let response = visit.get(from.at(&format!("blobs/{}", layer.digest))?, "pull").await?;
        let file = whole(response, layer.size).await.map_err(|error| match error {
            RegistryError::TooLong => from.lies(format!("more than the {} bytes that it promised", layer.size)),
            other => other,
        })?;
        if digest(&file) != layer.digest {
            return Err(from.lies(format!("a file of {} in place of {}", digest(&file), layer.digest)));
        }
        Ok(Kept { file, signature: manifest.annotations.get(SIGNATURE).cloned() })
    }

    /// Puts a plugin into a registry; the digest of its manifest, by which it can be named for good.
    /// `exports` is what the component exports; with `replace` it takes the place of another that is there by that tag.
    ///
    /// # Errors
    /// See [`RegistryError`].
    pub async fn push(
        &self,
        to: &Reference,
        kept: &Kept,
        exports: &[String],
        replace: bool,
    ) -> Result<String, RegistryError> {
        let mut visit = Visit { live: self, to, token: None };
        let layer = Descriptor::of(LAYER, &kept.file);
        let config = serde_json::json!({
            // Not when it was made: the same plugin is the same artifact.
            "created": "1970-01-01T00:00:00Z", "architecture": "wasm", "os": "wasip2", "layerDigests": [layer.digest],
            "component": { "exports": exports, "imports": [] },
        });
        let config = config.to_string().into_bytes();
        let annotations = kept.signature.iter().map(|text| (SIGNATURE.to_owned(), text.clone())).collect();
        let manifest = Manifest {
            schema_version: 2,
            media_type: Some(MANIFEST.to_owned()),
            artifact_type: Some(CONFIG.to_owned()),
            config: Descriptor::of(CONFIG, &config),
            layers: vec![layer.clone()],
            annotations,
        };
        let bytes = serde_json::to_vec(&manifest).map_err(|error| RegistryError::Unanswered(error.to_string()))?;
        let url = to.at(&format!("manifests/{}", to.name()))?;
        // Before anything of it is there. Two who publish at the same moment are not told apart: the specification has no way.
        match visit.there(url.clone()).await? {
            Some(there) if there != digest(&bytes) && !replace => {
                return Err(RegistryError::Taken { place: to.to_string(), there });
            }
            _ => {}
        }
        visit.upload(&layer.digest, &kept.file).await?;
        visit.upload(&digest(&config), &config).await?;
        let put = |client: &Client| client.put(url.clone()).header(CONTENT_TYPE, MANIFEST).body(bytes.clone());
        let response = visit.ask(&url, "pull,push", put).await?;
        to.expects(response.status().as_u16(), &[201])?;
        Ok(digest(&bytes))
    }
}

/// Requests to one registry, with the token that it gave.
struct Visit<'a> {
    live: &'a Live,
    to: &'a Reference,
    token: Option<String>,
}

impl Visit<'_> {
    /// The answer to a GET, where it is one, after redirects.
    async fn get(&mut self, url: Url, scope: &str) -> Result<Response, RegistryError> {
        let get = |client: &Client| client.get(url.clone()).header(ACCEPT, MANIFEST);
        let mut response = self.ask(&url, scope, get).await?;
        let mut at = url.clone();
        for _ in 0..MAX_HOPS {
            if !response.status().is_redirection() {
                self.to.expects(response.status().as_u16(), &[200])?;
                return Ok(response);
            }
            let next =
                location(response.headers(), &at).ok_or_else(|| self.to.lies("a redirect to nowhere".to_owned()))?;
            let client = self.client(&next, Some(&at))?;
            // Where the files lie is another's, who gets no token.
            response = self.sent(client.get(next.clone())).await?;
            at = next;
        }
        Err(self.to.lies(format!("more than {MAX_HOPS} redirects")))
    }

    /// The digest of the manifest that is there; `None` where none is.
    async fn there(&mut self, url: Url) -> Result<Option<String>, RegistryError> {
        match self.get(url, "pull,push").await {
            Ok(response) => Ok(Some(digest(&whole(response, SMALL).await?))),
            Err(RegistryError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What is to be said where nothing was found: which tags there are, if the registry tells.
    async fn missing(&mut self, place: String) -> RegistryError {
        match self.tags().await {
            Ok(tags) if !tags.is_empty() && self.to.digest().is_none() => {
                RegistryError::Tags { place, named: self.to.is_tagged(), tags }
            }
            _ => RegistryError::Missing(place),
        }
    }

    /// The first tags of the repository, those that can be named.
    async fn tags(&mut self) -> Result<Vec<String>, RegistryError> {
        let response = self.get(self.to.at(&format!("tags/list?n={MOST_TAGS}"))?, "pull").await?;
        let told: Tags = serde_json::from_slice(&whole(response, SMALL).await?)
            .map_err(|_| self.to.lies("no list of tags where it promised one".to_owned()))?;
        let nameable = |tag: &String| self.to.tagged(tag).is_some();
        let mut tags: Vec<String> =
            told.tags.unwrap_or_default().into_iter().filter(nameable).take(MOST_TAGS).collect();
        tags.sort();
        Ok(tags)
    }

    /// Puts a blob there, unless it is there.
    async fn upload(&mut self, digest: &str, bytes: &[u8]) -> Result<(), RegistryError> {
        let url = self.to.at(&format!("blobs/{digest}"))?;
        let there = self.ask(&url, "pull,push", |client| client.request(Method::HEAD, url.clone())).await?;
        if there.status().as_u16() == 200 {
            return Ok(());
        }
        let url = self.to.at("blobs/uploads/")?;
        let begun = self.ask(&url, "pull,push", |client| client.post(url.clone())).await?;
        self.to.expects(begun.status().as_u16(), &[202])?;
        let place = location(begun.headers(), &url).filter(|place| place.origin() == url.origin());
        let mut place = place.ok_or_else(|| self.to.lies("no place of its own for an upload".to_owned()))?;
        place.query_pairs_mut().append_pair("digest", digest);
        let put = |client: &Client| {
            client.put(place.clone()).header(CONTENT_TYPE, "application/octet-stream").body(bytes.to_vec())
        };
        let done = self.ask(&place, "pull,push", put).await?;
        self.to.expects(done.status().as_u16(), &[201])
    }

    /// A request to the registry itself, and again with what it asks for where it asks who is there.
    async fn ask(
        &mut self,
        url: &Url,
        scope: &str,
        request: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Response, RegistryError> {
        let client = self.client(url, None)?.clone();
        let response = self.sent(self.named(request(&client))).await?;
        if response.status().as_u16() != 401 || self.token.is_some() {
            return Ok(response);
        }
        let challenge = response.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
        let Some(realm) = challenge.and_then(|text| Challenge::read(text, self.to, scope)) else {
            return Ok(response);
        };
        self.token = Some(self.fetch_token(realm, url).await?);
        self.sent(self.named(request(&client))).await
    }

    /// With the token, else with the login.
    fn named(&self, request: RequestBuilder) -> RequestBuilder {
        match (&self.token, self.to.login()) {
            (Some(token), _) => request.bearer_auth(token),
            (None, Some((user, password))) => request.basic_auth(user, Some(password)),
            (None, None) => request,
        }
    }

    async fn fetch_token(&self, realm: Url, registry: &Url) -> Result<String, RegistryError> {
        if realm.scheme() != "https" && realm.origin() != registry.origin() {
            return Err(self.to.lies("a server of tokens without https".to_owned()));
        }
        let client = self.client(&realm, Some(registry))?;
        let request = client.get(realm);
        let request = match self.to.login() {
            Some((user, password)) => request.basic_auth(user, Some(password)),
            None => request,
        };
        let response = self.sent(request).await?;
        self.to.expects(response.status().as_u16(), &[200])?;
        let answer: Token = serde_json::from_slice(&whole(response, SMALL).await?)
            .map_err(|_| self.to.lies("no token where it promised one".to_owned()))?;
        answer.token.or(answer.access_token).ok_or_else(|| self.to.lies("no token where it promised one".to_owned()))
    }

    /// The client that may go there.
    fn client(&self, url: &Url, from: Option<&Url>) -> Result<&Client, RegistryError> {
        let private = check_url(url, &self.live.settings.policy, from)?;
        if url.scheme() == "http" && !private {
            return Err(RegistryError::Plain(self.to.authority().to_owned()));
        }
        Ok(if private { &self.live.private } else { &self.live.public })
    }

    async fn sent(&self, request: RequestBuilder) -> Result<Response, RegistryError> {
        let patience = self.live.settings.limits.total;
        let late = || RegistryError::Unanswered(format!("nothing within {} s", patience.as_secs()));
        let sent = tokio::time::timeout(patience, request.send()).await.map_err(|_| late())?;
        sent.map_err(|error| match self.live.failed(&error) {
            super::FetchError::Network { detail } => RegistryError::Unanswered(detail),
            other => RegistryError::Unanswered(other.to_string()),
        })
    }
}

#[derive(Deserialize)]
struct Tags {
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// `Bearer realm="…",service="…"` (RFC 6750, and the token specification of the distribution project).
struct Challenge;

impl Challenge {
    fn read(text: &str, to: &Reference, actions: &str) -> Option<Url> {
        let (scheme, rest) = text.trim().split_once(' ')?;
        let word = |name: &str| {
            rest.split(',')
                .find_map(|part| part.trim().strip_prefix(name)?.trim().strip_prefix('=').map(|v| v.trim_matches('"')))
        };
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut realm = Url::parse(word("realm")?).ok()?;
        let scope = format!("repository:{}:{actions}", to.repository());
        realm
            .query_pairs_mut()
            .append_pair("scope", &scope)
            .extend_pairs(word("service").map(|name| ("service", name)));
        Some(realm)
    }
}

fn location(headers: &HeaderMap, at: &Url) -> Option<Url> {
    at.join(headers.get(LOCATION)?.to_str().ok()?).ok()
}

/// The body, if it is no longer than that.
async fn whole(mut response: Response, most: u64) -> Result<Vec<u8>, RegistryError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| RegistryError::Unanswered(error.to_string()))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > most {
            return Err(RegistryError::TooLong);
        }
    }
    Ok(bytes)
}

impl From<Refusal> for RegistryError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
