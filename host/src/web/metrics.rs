//! `/metrics`: figures of the machine in the text format of Prometheus (0.0.4), without a word that anybody said.
//!
//! What the store knows is asked at each scrape, so that it is true after a restart; only what is asked of the desk is counted
//! here. The format is a few lines of text: a crate would keep a second copy of the store's figures and bring no more.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::desk::Desk;
use super::live;
use crate::plugins::tally::{Course as Called, Of};
use crate::store::Machine;

/// Upper bounds of the steps of the histogram, in seconds; pages have a tenth of one.
const STEPS: [f64; 9] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// What was asked of the desk since it opened.
#[derive(Debug, Default)]
pub(super) struct Counted(Mutex<BTreeMap<Key, Course>>);

/// Method, route as the table has it, and class of the answer: as many as there are routes, whatever is asked for.
type Key = (&'static str, Cow<'static, str>, u16);

#[derive(Clone, Copy, Debug, Default)]
struct Course {
    steps: [u64; STEPS.len()],
    count: u64,
    seconds: f64,
}

impl Counted {
    fn add(&self, key: Key, took: Duration) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let course = all.entry(key).or_default();
        course.count += 1;
        course.seconds += took.as_secs_f64();
        for (step, bound) in course.steps.iter_mut().zip(STEPS) {
            *step += u64::from(took.as_secs_f64() <= bound);
        }
    }
}

fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// Counts a request and how long its answer took to begin. Stands before each route of the table, which it is called by.
pub(super) async fn count(
    State((desk, route)): State<(Arc<Desk>, Cow<'static, str>)>,
    request: Request,
    next: Next,
) -> Response {
    let (method, began) = (method(request.method()), Instant::now());
    let response = next.run(request).await;
    desk.counted.add((method, route, response.status().as_u16() / 100), began.elapsed());
    response
}

/// `GET /metrics`.
pub(super) async fn metrics(State(desk): State<Arc<Desk>>) -> Response {
    let (reader, now) = (desk.unveiled().clone(), (desk.app.clock)());
    let machine = match tokio::task::spawn_blocking(move || reader.machine(now)).await {
        Ok(Ok(machine)) => Some(machine),
        Ok(Err(error)) => {
            tracing::error!("the store does not tell its figures: {error}");
            None
        }
        Err(_) => None,
    };
    let mut page = Page(String::new());
    page.one("caifeng_store_up", "gauge", "1 while the store can be read.", u64::from(machine.is_some()));
    let writable = (desk.app.writable)().is_none();
    page.one("caifeng_store_writable", "gauge", "1 while the store can be written.", u64::from(writable));
    if let Some(machine) = &machine {
        page.machine(machine, now);
    }
    let plugins = &desk.app.owner.sweeper.plugins;
    page.plugins(&plugins.tally.all());
    page.one(
        "caifeng_plugins_suspended",
        "gauge",
        "Plugins that rest after too many faults.",
        plugins.suspensions.all().len(),
    );
    let silent = now.saturating_sub(desk.app.pulse.load(Ordering::Relaxed));
    page.one("caifeng_schedule_age_seconds", "gauge", "Since the schedule last looked at its watches.", silent);
    let listening = live::SEATS - desk.seats.available_permits();
    page.one("caifeng_live_pages", "gauge", "Open pages that are told of changes.", listening);
    page.requests(&desk.counted.0.lock().unwrap_or_else(PoisonError::into_inner));
    page.name("caifeng_build_info", "gauge", "The version that runs.");
    page.line("caifeng_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page.0).into_response()
}

/// The text, as it grows.
struct Page(String);

impl Page {
    fn name(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
        self.name(name, kind, help);
        self.line(name, &[], value);
    }

    fn machine(&mut self, machine: &Machine, now: i64) {
        self.one("caifeng_posts", "gauge", "Posts that are stored.", machine.figures.posts);
        self.one("caifeng_mentions", "gauge", "Posts that are stored and mention a topic.", machine.figures.mentions);
        self.name("caifeng_incidents", "gauge", "Incidents by state.");
        for (state, n) in &machine.incidents {
            self.line("caifeng_incidents", &[("state", state)], n);
        }
        self.one("caifeng_sweeps_total", "counter", "Sweeps that were begun.", machine.sweeps);
        type Of = fn(&crate::store::Watching) -> u64;
        let told: [(&str, &str, Of); 4] = [
            ("caifeng_watches", "Watches by plugin.", |of| of.all),
            ("caifeng_watches_failing", "Watches whose last sweep failed.", |of| of.failing),
            ("caifeng_watches_halted", "Watches that are passed over until they are configured anew.", |of| of.halted),
            ("caifeng_watch_failures", "Sweeps that failed since their watch was last heard.", |of| of.failures),
        ];
        for (name, help, of) in told {
            self.name(name, "gauge", help);
            for (plugin, watching) in &machine.watches {
                self.line(name, &[("plugin", plugin)], of(watching));
            }
        }
        self.one("caifeng_notices_waiting", "gauge", "Notices that wait to be sent.", machine.outbox.waiting);
        let oldest = machine.outbox.oldest.map_or(0, |oldest| now.saturating_sub(oldest));
        self.one("caifeng_notices_oldest_seconds", "gauge", "How long the oldest of them has waited.", oldest);
        self.one("caifeng_audit_events_total", "counter", "Length of the chain of events.", machine.head.seq);
        self.one("caifeng_store_bytes", "gauge", "Size of the database.", machine.bytes);
    }

    fn plugins(&mut self, all: &BTreeMap<Of, Called>) {
        let name = "caifeng_plugin_calls_total";
        self.name(name, "counter", "Calls of plugins since the start, by version, step and how they ended.");
        for ((plugin, version, step), course) in all {
            for (ending, calls) in &course.calls {
                let labels = [("plugin", &**plugin), ("version", version), ("step", step), ("ended", ending.as_str())];
                self.line(name, &labels, calls);
            }
        }
        type Figure = fn(&Called) -> f64;
        let told: [(&str, &str, &str, Figure); 3] = [
            ("caifeng_plugin_call_seconds_total", "counter", "Time in calls of plugins, instances included.", |of| {
                of.time.as_secs_f64()
            }),
            ("caifeng_plugin_call_longest_seconds", "gauge", "The longest call since the start.", |of| {
                of.longest.as_secs_f64()
            }),
            ("caifeng_plugin_memory_bytes", "gauge", "The most memory that an instance has held.", |of| {
                of.memory as f64
            }),
        ];
        for (name, kind, help, of) in told {
            self.name(name, kind, help);
            for ((plugin, version, step), course) in all {
                self.line(name, &[("plugin", plugin), ("version", version), ("step", step)], of(course));
            }
        }
    }

    fn requests(&mut self, all: &BTreeMap<Key, Course>) {
        let name = "caifeng_http_request_seconds";
        self.name(name, "histogram", "From a request to the head of its answer, by route.");
        let (bucket, count, sum) = (format!("{name}_bucket"), format!("{name}_count"), format!("{name}_sum"));
        for ((method, route, class), course) in all {
            let class = format!("{class}xx");
            let labels = [("method", *method), ("route", route.as_ref()), ("status", class.as_str())];
            let steps = STEPS.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
            for (le, n) in steps.zip(course.steps.iter().chain([&course.count])) {
                self.line(&bucket, &[labels[0], labels[1], labels[2], ("le", &le)], n);
            }
            self.line(&sum, &labels, course.seconds);
            self.line(&count, &labels, course.count);
        }
    }
}

/// A value between quotation marks, by the format's rules.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_plugins_are_told_by_version_step_and_ending() {
        let tally = crate::plugins::tally::Tally::default();
        let manifest = include_str!("../../../plugins/triage/plugin.toml");
        let manifest = caifeng_plugin_host::manifest::Manifest::parse(manifest).unwrap();
        let cost = caifeng_plugin_host::engine::Cost { wall: Duration::from_millis(250), memory: 65_536, fuel: None };
        let outcome: Result<(), _> = Err(caifeng_plugin_host::engine::Trap::Stack.into());
        let called = caifeng_plugin_host::engine::Called { outcome, cost };
        tally.note(&manifest, "classify", &called);
        let mut page = Page(String::new());
        page.plugins(&tally.all());
        let of = "plugin=\"triage\",version=\"0.1.0\",step=\"classify\"";
        for line in [
            format!("caifeng_plugin_calls_total{{{of},ended=\"stack\"}} 1"),
            format!("caifeng_plugin_call_seconds_total{{{of}}} 0.25"),
            format!("caifeng_plugin_memory_bytes{{{of}}} 65536"),
        ] {
            assert!(page.0.lines().any(|own| own == line), "{line}\n{}", page.0);
        }
    }

    #[test]
    fn a_histogram_counts_up_and_values_cannot_leave_their_quotes() {
        let counted = Counted::default();
        let key = |route: &'static str| ("GET", Cow::from(route), 2);
        for millis in [1, 7, 7, 90, 4000] {
            counted.add(key("/a"), Duration::from_millis(millis));
        }
        counted.add(key("/b\"\n} 1"), Duration::ZERO);
        let mut page = Page(String::new());
        page.requests(&counted.0.lock().unwrap());
        let of = |le: &str| {
            let line = format!(
                "caifeng_http_request_seconds_bucket{{method=\"GET\",route=\"/a\",status=\"2xx\",le=\"{le}\"}} "
            );
            page.0.lines().find_map(|l| l.strip_prefix(&line).map(str::to_owned)).unwrap()
        };
        assert_eq!(["0.005", "0.01", "0.05", "0.1", "2.5", "+Inf"].map(of), ["1", "3", "3", "4", "4", "5"]);
        assert!(page.0.contains(r#"route="/b\"\n} 1""#), "{}", page.0);
    }
}
