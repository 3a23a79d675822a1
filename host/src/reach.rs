//! How the desk is reached: by whom, over what, under which names.
//!
//! On a loopback address it is plain HTTP, because nothing leaves the machine. On any other address nothing that people type
//! may be read on the way: either the desk speaks TLS itself, with the operator's certificate or with one of its own, or a
//! proxy that does so is named, and nobody else is answered. [`Reach::of`] is where that is decided, and it cannot be
//! gone round: the listener takes nothing else.

use std::fs;
use std::io::{self, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::directory::{Directory, DirectoryError};
use crate::hex::hex;

/// Years for which a certificate of our own is good.
const YEARS: i16 = 5;

/// `[serve]`: how the desk is reached from other machines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Serve {
    /// The certificate with its chain, in PEM.
    pub certificate: Option<PathBuf>,
    /// Its private key, in PEM, readable by its owner only.
    pub key: Option<PathBuf>,
    /// Make a certificate of one's own where none is named.
    pub self_signed: bool,
    /// Addresses of proxies that speak TLS and pass on what others ask; nobody else is answered then.
    pub proxies: Vec<IpAddr>,
    /// Names under which the desk is asked for, besides its address.
    pub hosts: Vec<String>,
    /// Whether browsers are told that it is never reached without HTTPS; unless said otherwise they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hsts: Option<bool>,
}

impl Serve {
    /// Whether nothing is set.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What is spoken on the listener.
#[derive(Clone, Debug)]
pub enum Way {
    /// HTTP, to this machine only.
    Plain,
    /// HTTPS.
    Tls(Arc<ServerConfig>),
    /// HTTP, to these proxies, which speak HTTPS to others.
    Behind(Vec<IpAddr>),
}

/// When browsers are told that the desk is never reached without HTTPS (HSTS, RFC 6797): they then ask for it over nothing
/// else, whatever address somebody types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strict {
    /// Never: nothing is reached over HTTPS, a browser may not know the certificate, or the operator does not want it.
    Never,
    /// With every answer.
    Always,
    /// When the proxy says that it was asked over HTTPS.
    AsForwarded,
}

impl Strict {
    /// Whether an answer says so. `forwarded`: the last `X-Forwarded-Proto`, which only a proxy of ours can have sent.
    #[must_use]
    pub fn holds(self, forwarded: Option<&[u8]>) -> bool {
        let last = || forwarded.and_then(|field| field.rsplit(|b| *b == b',').next()).map(<[u8]>::trim_ascii);
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::AsForwarded => last().is_some_and(|proto| proto.eq_ignore_ascii_case(b"https")),
        }
    }
}

/// How a desk is reached.
#[derive(Clone, Debug)]
pub struct Reach {
    /// What is spoken.
    pub way: Way,
    /// The names under which it is asked for, besides those of the machine itself.
    pub hosts: Vec<String>,
    /// When browsers are told that it is so.
    pub strict: Strict,
    /// Of a certificate of our own, so that people can compare it: SHA-256, in hex.
    pub fingerprint: Option<String>,
}

/// Why the desk does not open.
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    /// The operator must say how what people type is kept from others on the way.
    #[error(
        "{0}: other machines reach this address: name a certificate ([serve] certificate and key, or --certificate and --key), have one made (--self-signed), or name the proxy that speaks HTTPS ([serve] proxies, or --proxy)"
    )]
    Bare(SocketAddr),
    /// The operator must say under which names it is asked for.
    #[error("{0}: say under which names the desk is asked for: [serve] hosts = [\"desk.example.cn\"], or --host")]
    Nameless(SocketAddr),
    /// One of two is missing.
    #[error("a certificate and its key go together: name both")]
    Half,
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The data directory cannot hold a certificate.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The operator must name another file.
    #[error("{}: {why}", path.display())]
    Unfit {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl Reach {
    /// Only from this machine.
    #[must_use]
    pub fn here() -> Self {
        Self { way: Way::Plain, hosts: Vec::new(), strict: Strict::Never, fingerprint: None }
    }

    /// Whether browsers speak HTTPS: cookies are sent over nothing else then.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        !matches!(self.way, Way::Plain)
    }

    /// How a desk at `address` is reached, as the operator has set it. Makes a certificate in `directory` when that is asked
    /// for and there is none; `year` is this one.
    ///
    /// # Errors
    /// See [`ReachError`].
    pub fn of(address: SocketAddr, serve: &Serve, directory: &Directory, year: i16) -> Result<Self, ReachError> {
        let ip = address.ip().to_canonical();
        let mut hosts = serve.hosts.clone();
        if !ip.is_loopback() && !ip.is_unspecified() {
            hosts.push(ip.to_string());
        }
        let mut fingerprint = None;
        let way = match (&serve.certificate, &serve.key) {
            (Some(certificate), Some(key)) => Way::Tls(tls(certificate, key)?),
            (Some(_), None) | (None, Some(_)) => return Err(ReachError::Half),
            (None, None) if serve.self_signed => {
                let (certificate, key) = own(directory, &hosts, year)?;
                fingerprint = Some(hex(&Sha256::digest(first(&certificate)?)));
                Way::Tls(tls(&certificate, &key)?)
            }
            (None, None) if !serve.proxies.is_empty() => Way::Behind(serve.proxies.clone()),
            (None, None) if ip.is_loopback() => Way::Plain,
            (None, None) => return Err(ReachError::Bare(address)),
        };
        if hosts.is_empty() && !ip.is_loopback() {
            return Err(ReachError::Nameless(address));
        }
        let strict = match &way {
            _ if serve.hsts == Some(false) => Strict::Never,
            // A browser that is told so cannot be told to trust a certificate that it does not know.
            Way::Tls(_) if fingerprint.is_none() => Strict::Always,
            Way::Behind(_) => Strict::AsForwarded,
            Way::Tls(_) | Way::Plain => Strict::Never,
        };
        Ok(Self { way, hosts, strict, fingerprint })
    }
}

fn unfit(path: &Path, why: impl ToString) -> ReachError {
    ReachError::Unfit { path: path.to_owned(), why: why.to_string() }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ReachError> {
    let text = fs::read(path).map_err(|source| ReachError::File { path: path.to_owned(), source })?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match read {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        _ => Err(unfit(path, "not a certificate in PEM")),
    }
}

fn first(path: &Path) -> Result<CertificateDer<'static>, ReachError> {
    certificates(path)?.into_iter().next().ok_or_else(|| unfit(path, "not a certificate in PEM"))
}

fn tls(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, ReachError> {
    use std::os::unix::fs::PermissionsExt as _;
    let chain = certificates(certificate)?;
    let file = |source| ReachError::File { path: key.to_owned(), source };
    let mode = fs::metadata(key).map_err(file)?.permissions().mode() & 0o777;
    // A group may be let in, as Debian does for `ssl-cert`; everybody may not.
    if mode & 0o007 != 0 {
        return Err(unfit(key, format!("everybody on this machine can read this key (mode {mode:o}): chmod 600")));
    }
    let text = fs::read(key).map_err(|source| ReachError::File { path: key.to_owned(), source })?;
    // What the reader says of a key it cannot read may show a part of it.
    let private = PrivateKeyDer::from_pem_slice(&text).map_err(|_| unfit(key, "not a private key in PEM"))?;
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unfit(certificate, error))?;
    let config = config.with_no_client_auth().with_single_cert(chain, private);
    let mut config = config.map_err(|error| unfit(certificate, format!("does not go with its key: {error}")))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The certificate that the data directory has of its own, and its key; made when it is first asked for.
fn own(directory: &Directory, hosts: &[String], year: i16) -> Result<(PathBuf, PathBuf), ReachError> {
    directory.create()?;
    let (certificate, key) = (directory.certificate(), directory.certificate_key());
    if certificate.exists() && key.exists() {
        return Ok((certificate, key));
    }
    let failed = |error: rcgen::Error| unfit(&certificate, format!("cannot be made: {error}"));
    let names: Vec<String> =
        hosts.iter().cloned().chain(["localhost".into(), "127.0.0.1".into(), "::1".into()]).collect();
    let mut params = CertificateParams::new(names).map_err(failed)?;
    params.distinguished_name.push(DnType::CommonName, "Caifeng");
    params.not_before = date_time_ymd(i32::from(year) - 1, 1, 1);
    params.not_after = date_time_ymd(i32::from(year + YEARS), 1, 1);
    let pair = KeyPair::generate().map_err(failed)?;
    let made = params.self_signed(&pair).map_err(failed)?;
    // The key first: a certificate without one is made anew.
    for (path, text) in [(&key, pair.serialize_pem()), (&certificate, made.pem())] {
        private(path, &text).map_err(|source| ReachError::File { path: path.clone(), source })?;
    }
    Ok((certificate, key))
}

fn private(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension("part");
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str, serve: &Serve, directory: &Directory) -> Result<Reach, ReachError> {
        Reach::of(address.parse().unwrap(), serve, directory, 2026)
    }

    #[test]
    fn nobody_else_is_reached_in_the_open() {
        let temp = tempfile::tempdir().unwrap();
        let directory = Directory::at(temp.path());
        let bare = Serve { hosts: vec!["desk.example.cn".to_owned()], ..Serve::default() };
        for address in ["0.0.0.0:80", "192.0.2.1:80", "[::]:80", "[2001:db8::1]:80"] {
            assert!(matches!(of(address, &bare, &directory), Err(ReachError::Bare(_))), "{address}");
        }
        for address in ["127.0.0.1:80", "127.3.2.1:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert!(!of(address, &bare, &directory).unwrap().is_secure(), "{address}");
        }
        let behind = Serve { proxies: vec!["192.0.2.9".parse().unwrap()], ..bare };
        assert!(of("0.0.0.0:80", &behind, &directory).unwrap().is_secure());
        let nameless = Serve { hosts: vec![], ..behind };
        assert!(matches!(of("0.0.0.0:80", &nameless, &directory), Err(ReachError::Nameless(_))));
        assert_eq!(of("192.0.2.1:80", &nameless, &directory).unwrap().hosts, ["192.0.2.1"]);
    }

    #[test]
    fn browsers_are_told_of_https_where_it_is_known_to_hold() {
        let temp = tempfile::tempdir().unwrap();
        let directory = Directory::at(temp.path().join("d"));
        let own = Serve { self_signed: true, ..Serve::default() };
        assert_eq!(of("192.0.2.1:443", &own, &directory).unwrap().strict, Strict::Never);
        let (certificate, key) = (directory.certificate(), directory.certificate_key());
        let named = Serve { certificate: Some(certificate), key: Some(key), ..Serve::default() };
        assert_eq!(of("127.0.0.1:443", &named, &directory).unwrap().strict, Strict::Always);
        let off = Serve { hsts: Some(false), ..named };
        assert_eq!(of("127.0.0.1:443", &off, &directory).unwrap().strict, Strict::Never);
        let behind = Serve { proxies: vec!["127.0.0.1".parse().unwrap()], ..Serve::default() };
        assert_eq!(of("127.0.0.1:80", &behind, &directory).unwrap().strict, Strict::AsForwarded);
        assert_eq!(of("127.0.0.1:80", &Serve::default(), &directory).unwrap().strict, Strict::Never);
        for (said, holds) in [
            (Some(&b"https"[..]), true),
            (Some(b"http, HTTPS "), true),
            (Some(b"https, http"), false),
            (Some(b"http"), false),
            (Some(b""), false),
            (None, false),
        ] {
            assert_eq!(Strict::AsForwarded.holds(said), holds, "{said:?}");
        }
        assert!(!Strict::Never.holds(Some(b"https")), "nobody but a proxy of ours is believed");
    }

    #[test]
    fn a_certificate_of_our_own_is_made_once_and_one_that_does_not_fit_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let directory = Directory::at(temp.path().join("d"));
        let serve = Serve { self_signed: true, ..Serve::default() };
        let first = of("192.0.2.1:443", &serve, &directory).unwrap();
        let again = of("192.0.2.1:443", &serve, &directory).unwrap();
        assert!(first.fingerprint.is_some() && first.fingerprint == again.fingerprint);
        let (certificate, key) = (directory.certificate(), directory.certificate_key());
        let named = Serve { certificate: Some(certificate.clone()), key: Some(key.clone()), ..Serve::default() };
        assert!(of("192.0.2.1:443", &named, &directory).unwrap().is_secure());
        let other = Directory::at(temp.path().join("e"));
        of("192.0.2.1:443", &serve, &other).unwrap();
        let wrong = |serve: Serve| of("192.0.2.1:443", &serve, &directory).unwrap_err().to_string();
        let strange = Serve { key: Some(other.certificate_key()), ..named.clone() };
        assert!(wrong(strange).contains("does not go with its key"));
        assert!(wrong(Serve { key: Some(certificate), ..named.clone() }).contains("not a private key"));
        assert!(wrong(Serve { certificate: Some(key.clone()), ..named.clone() }).contains("not a certificate"));
        assert!(wrong(Serve { key: None, ..named.clone() }).contains("go together"));
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(wrong(named).contains("chmod 600"));
    }
}
