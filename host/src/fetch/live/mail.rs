//! A letter on its way to a mail server (RFC 5321), by lettre: the one place that speaks SMTP.
//!
//! The conversation is held step by step, because it matters where it breaks: before the last line of the letter nothing was
//! sent, after it nobody knows. The server's name is resolved here and connected to as an address that the guard has seen; its
//! certificate is held against the name. Where TLS was asked for and is not offered, nothing is said: neither the password nor
//! the letter.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;
use url::Url;

use super::Live;
use crate::fetch::guard::{check_address, check_url};
use crate::notify::channel::Security;
use crate::notify::letter::Letter;

/// Ways to sign in, the first that the server knows.
const MECHANISMS: &[Mechanism] = &[Mechanism::Plain, Mechanism::Login];

/// A mail server of the configuration.
#[derive(Clone)]
pub struct MailServer {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the line is protected.
    pub security: Security,
    /// Who signs in, and the password; nobody where there is none.
    pub login: Option<(String, String)>,
}

impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailServer").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// Why a letter was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unposted {
    /// The server, or the guard, does not want it however often it is sent.
    #[error("{why}")]
    Refused {
        /// SMTP's number.
        code: Option<u16>,
        /// One line.
        why: String,
    },
    /// Not now, or nobody was there; nothing was sent.
    #[error("{why}")]
    Later {
        /// SMTP's number.
        code: Option<u16>,
        /// One line.
        why: String,
    },
    /// The line broke after the letter was sent.
    #[error("{why}")]
    Unsure {
        /// One line.
        why: String,
    },
}

impl Live {
    /// Hands one letter to a server.
    ///
    /// # Errors
    /// See [`Unposted`].
    pub async fn mail(&self, server: &MailServer, letter: &Letter) -> Result<(), Unposted> {
        crate::fetch::install_tls();
        let patience = self.settings.limits.total;
        let late = |what: &str| format!("{what} within {} s", patience.as_secs());
        let ready = timeout(patience, self.ready(server, letter)).await;
        let mut line =
            ready.unwrap_or_else(|_| Err(Unposted::Later { code: None, why: late("the server was not ready") }))?;
        match timeout(patience, line.message(&letter.bytes)).await {
            Ok(Ok(_)) => {
                // It has taken the letter, whatever becomes of the goodbye.
                let _ = timeout(Duration::from_secs(1), line.quit()).await;
                Ok(())
            }
            Ok(Err(error)) if error.status().is_some() => Err(unready(&error)),
            Ok(Err(error)) => Err(Unposted::Unsure { why: said(&error) }),
            Err(_) => Err(Unposted::Unsure { why: late("the server did not say that it took the letter") }),
        }
    }

    /// A line on which the server waits for the letter.
    async fn ready(&self, server: &MailServer, letter: &Letter) -> Result<AsyncSmtpConnection, Unposted> {
        let at = self.reach(server).await?;
        let refused = |why: String| Unposted::Refused { code: None, why };
        let tls = || TlsParameters::new_rustls(server.host.clone()).map_err(|error| refused(said(&error)));
        // Not the name of the machine, which is nobody's business outside.
        let hello = ClientId::Ipv4(Ipv4Addr::LOCALHOST);
        let first = if server.security == Security::Tls { Some(tls()?) } else { None };
        let connecting =
            AsyncSmtpConnection::connect_tokio1(at, Some(self.settings.limits.connect), &hello, first, None);
        let mut line = connecting.await.map_err(|error| unready(&error))?;
        if server.security == Security::Starttls {
            if !line.can_starttls() {
                line.abort().await;
                return Err(refused("the server offers no TLS (STARTTLS): nothing was said to it".to_owned()));
            }
            line.starttls(tls()?, &hello).await.map_err(|error| unready(&error))?;
        }
        if let Some((user, password)) = &server.login {
            let login = Credentials::new(user.clone(), password.clone());
            line.auth(MECHANISMS, &login).await.map_err(|error| unknown_user(&error))?;
        }
        line.command(Mail::new(Some(letter.from.clone()), Vec::new())).await.map_err(|error| unready(&error))?;
        line.command(Rcpt::new(letter.to.clone(), Vec::new())).await.map_err(|error| unready(&error))?;
        line.command(Data).await.map_err(|error| unready(&error))?;
        Ok(line)
    }

    /// The address that the guard lets us connect to.
    async fn reach(&self, server: &MailServer) -> Result<SocketAddr, Unposted> {
        let MailServer { host, port, .. } = server;
        let refused = |why: String| Unposted::Refused { code: None, why };
        let bracketed = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        // The guard judges places of the web; a mail server is judged as one at the same place.
        let place = Url::parse(&format!("http://{bracketed}:{port}/")).map_err(|error| refused(error.to_string()))?;
        let private = check_url(&place, &self.settings.policy, None).map_err(|why| refused(why.to_string()))?;
        let unknown = |why: String| Unposted::Later { code: None, why: format!("its name is not known: {why}") };
        let found = match host.parse() {
            Ok(address) => vec![SocketAddr::new(address, 0)],
            Err(_) => (self.lookup)(host.clone()).await.map_err(|error| unknown(error.to_string()))?,
        };
        if private {
            tracing::info!(host, port, "private mail server reached: [network] private lists it");
        } else {
            found.iter().try_for_each(|at| check_address(at.ip())).map_err(|why| refused(why.to_string()))?;
        }
        let first = found.first().ok_or_else(|| unknown("it has no address".to_owned()))?;
        Ok(SocketAddr::new(first.ip(), *port))
    }
}

/// An error before the letter was sent: numbers from 500 on are final (RFC 5321 §4.2.1), everything else may pass.
fn unready(error: &Error) -> Unposted {
    let code = error.status().map(u16::from);
    if error.is_permanent() {
        Unposted::Refused { code, why: said(error) }
    } else {
        Unposted::Later { code, why: said(error) }
    }
}

/// A sign-in that failed; what the server says is not repeated, because it may repeat what it was told.
fn unknown_user(error: &Error) -> Unposted {
    let code = error.status().map(u16::from);
    let told = code.map_or_else(|| "no way to sign in that both know".to_owned(), |code| code.to_string());
    let why = format!("the server does not accept user and password ({told})");
    if error.is_permanent() { Unposted::Refused { code, why } } else { Unposted::Later { code, why } }
}

/// The error and what caused it, in one line.
fn said(error: &Error) -> String {
    let mut told = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        let cause_told = cause.to_string();
        if !told.contains(&cause_told) {
            told = format!("{told}: {cause_told}");
        }
        next = cause.source();
    }
    told
}
