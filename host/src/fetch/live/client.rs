//! The HTTP client, and the resolver that lets it connect to nothing that the guard refuses.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, redirect::Policy as Redirects};

use super::settings::Settings;
use crate::fetch::{FetchError, guard};

/// Resolves a name; the system's resolver unless a test brings its own.
pub type Lookup = Arc<dyn Fn(String) -> Looking + Send + Sync>;

/// The addresses of a name, later.
pub type Looking = Pin<Box<dyn Future<Output = std::io::Result<Vec<SocketAddr>>> + Send>>;

#[expect(clippy::disallowed_methods, reason = "the one place that makes a client")]
pub(super) fn client(settings: &Settings, resolver: Resolver) -> Result<Client, FetchError> {
    let limits = &settings.limits;
    let head = u32::try_from(limits.head).unwrap_or(u32::MAX);
    let resolver = Arc::new(resolver);
    let builder = || {
        Client::builder()
            .no_proxy()
            .redirect(Redirects::none())
            .referer(false)
            .user_agent(&settings.user_agent)
            .connect_timeout(limits.connect)
            .http1_max_headers(limits.fields)
            .http2_max_header_list_size(head)
            .pool_max_idle_per_host(1)
            .dns_resolver(Arc::clone(&resolver))
    };
    let failed = |error| FetchError::Network { detail: format!("the HTTP client cannot be set up: {error}") };
    builder().build().or_else(|error| {
        // A bare container has no root certificates: sites without TLS can still be read, the others say why not.
        tracing::warn!("no root certificates are installed, so no https site can be read: install them ({error})");
        builder().tls_certs_only([]).build().map_err(failed)
    })
}

/// Resolves names; when `checked`, to public addresses or not at all.
pub(super) struct Resolver {
    pub(super) lookup: Lookup,
    pub(super) checked: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let looking = (self.lookup)(name.as_str().to_owned());
        let checked = self.checked;
        Box::pin(async move {
            let found = looking.await?;
            if checked {
                // One bad address among good ones is an attack or a mistake; neither is fetched.
                for address in &found {
                    guard::check_address(address.ip())?;
                }
            }
            let addrs: Addrs = Box::new(found.into_iter());
            Ok(addrs)
        })
    }
}
