//! How the web is asked, and what one answer may cost.

use std::time::Duration;

use crate::fetch::guard::Policy;
use crate::fetch::permit::Permit;

/// How the web is asked. One for a process.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The whole field: name, version and how to reach the operator.
    pub user_agent: String,
    /// What may be reached beyond the public web.
    pub policy: Policy,
    /// What one answer may cost.
    pub limits: Limits,
    /// From one request to the next on the same host, at least; zero switches pausing off.
    pub pace: Duration,
    /// Requests under way at once, over all hosts.
    pub at_once: usize,
    /// Hosts whose robots.txt is not asked.
    pub permitted: Vec<Permit>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            user_agent: user_agent(None),
            policy: Policy::default(),
            limits: Limits::default(),
            pace: Duration::from_secs(2),
            at_once: 16,
            permitted: Vec::new(),
        }
    }
}

/// `Caifeng/0.1.0 (+contact)`: who asks, and whom a site may complain to.
#[must_use]
pub fn user_agent(contact: Option<&str>) -> String {
    let visible = |c: &char| c.is_ascii_graphic() && !matches!(c, '(' | ')');
    let contact: String = contact.unwrap_or_default().chars().filter(visible).collect();
    let version = env!("CARGO_PKG_VERSION");
    if contact.is_empty() { format!("Caifeng/{version}") } else { format!("Caifeng/{version} (+{contact})") }
}

/// What one answer may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// From the request to the last byte of one answer; waiting for a turn is not counted.
    pub total: Duration,
    /// Bytes of the body, decompressed.
    pub body: u64,
    /// Header fields.
    pub fields: usize,
    /// Bytes of all header fields.
    pub head: usize,
    /// Longest pause that a site may ask for and that is waited for within a crawl.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(60),
            body: 16 << 20,
            fields: 100,
            head: 64 << 10,
            patience: Duration::from_secs(30),
        }
    }
}
