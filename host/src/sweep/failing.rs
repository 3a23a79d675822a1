//! What a sweep could not hear, in lines that a record can hold: by the reaction each causes, with what the operator
//! can do, and with the page that a plugin could not read kept as a call.

use std::sync::Arc;

use caifeng_plugin_host::contract::{Crawl, Failure, Request, Response};
use caifeng_plugin_host::engine::CallError;

use super::blocking;
use super::run::Run;
use crate::crawl::Queued;
use crate::failed_call::Failed;
use crate::fetch::FetchError;
use crate::watch::{FailureKind, SweepFailure};

/// Longest line of a failure, in bytes.
pub(super) const DETAIL: usize = 500;
/// Failures of one sweep that are told one by one.
pub(super) const FAILURES: usize = 50;

impl Run<'_> {
    /// Notes a failure, in a line that a record can hold: what a plugin says has no bounds of its own.
    pub(super) fn fail(&mut self, kind: FailureKind, detail: impl Into<String>) {
        let mut detail: String = detail.into();
        detail.truncate(detail.floor_char_boundary(DETAIL));
        if self.tally.failures.len() < FAILURES {
            self.tally.failures.push(SweepFailure { kind, detail });
        } else {
            self.tally.skipped += 1;
        }
    }

    pub(super) fn fail_call(&mut self, url: Option<&str>, error: &CallError, kept: Option<&str>) {
        let kind = match error {
            CallError::Failure(Failure::Unsupported(_)) => FailureKind::Unsupported,
            CallError::Failure(Failure::Gone) => FailureKind::Gone,
            CallError::Failure(Failure::Blocked(_)) => FailureKind::Blocked,
            CallError::Failure(Failure::Unexpected(_)) => FailureKind::Unexpected,
            CallError::Trap(_) => FailureKind::Trap,
        };
        let mut detail = url.map_or_else(|| error.to_string(), |url| format!("{url}: {error}"));
        if kind == FailureKind::Trap {
            self.sweeper.note_trap(self.watch, &detail);
        }
        if let Some(call) = kept {
            let name = format!(" (kept as call {call})");
            detail.truncate(detail.floor_char_boundary(DETAIL - name.len()));
            detail.push_str(&name);
        }
        self.fail(kind, if kind == FailureKind::Blocked { self.advised(detail) } else { detail });
    }

    /// Keeps a page that the plugin could not read, and names the call.
    pub(super) async fn keep(
        &self,
        crawl: &Crawl,
        request: &Request,
        response: Arc<Response>,
        error: &CallError,
    ) -> Option<String> {
        let (failed, plugin, now) = (self.sweeper.failed.clone(), self.watch.plugin.clone(), self.sweeper.clock.now());
        let (crawl, request, error) = (crawl.clone(), request.clone(), error.clone());
        let keep = move || {
            let call = Failed { crawl: &crawl, request: &request, response: &response, error: &error };
            failed.keep(now, &plugin, &call)
        };
        blocking(keep).await
    }

    /// A followed page that is gone is only that page; a first one is the watch.
    pub(super) fn fail_parse(&mut self, queued: &Queued, error: &CallError, kept: Option<&str>) {
        if queued.depth > 0 && matches!(error, CallError::Failure(Failure::Gone)) {
            self.tally.skipped += 1;
        } else {
            self.fail_call(Some(&queued.request.url), error, kept);
        }
    }

    pub(super) fn turn_away(&mut self, lines: Vec<String>) {
        self.tally.skipped += lines.len() as u64;
        for line in lines {
            tracing::info!(watch = self.watch.id, plugin = self.watch.plugin, "turned away: {line}");
        }
    }

    pub(super) fn fail_fetch(&mut self, url: &str, error: &FetchError) {
        if let FetchError::RetryAfter { wait, .. } = error {
            let until = self.sweeper.clock.now().saturating_add_unsigned(wait.as_secs());
            self.tally.wait_until = self.tally.wait_until.max(Some(until));
        }
        let detail = format!("{url}: {error}");
        let asks = matches!(error, FetchError::Login { .. });
        self.fail(error.kind(), if asks { self.advised(detail) } else { detail });
    }

    /// A site that asks who we are may want what the operator has not given yet.
    pub(super) fn advised(&self, detail: String) -> String {
        with_advice(detail, self.advice.as_deref())
    }
}

/// A failure with what to do about it, in as much space as a failure has.
pub(super) fn with_advice(mut detail: String, advice: Option<&str>) -> String {
    let Some(advice) = advice else { return detail };
    detail.truncate(detail.floor_char_boundary(DETAIL.saturating_sub(advice.len() + 2)));
    format!("{detail}; {advice}")
}
