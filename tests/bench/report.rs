//! What every measurement shares: clocks, and the one line that each figure is.

use std::time::Duration;

use cpu_time::ProcessTime;
use serde_json::{Map, Value, json};

/// What a figure is compared with, and its value in the same run.
pub(crate) struct Against {
    pub(crate) what: &'static str,
    pub(crate) value: f64,
}

/// One figure.
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) against: Option<Against>,
    /// Issue 2, "How fast and how small": the ratio, or without a comparison the value, must keep to it.
    pub(crate) goal: Option<Goal>,
}

/// A bound that a figure must keep to.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
}

impl Figure {
    pub(crate) fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, against: None, goal: None }
    }

    pub(crate) fn against(mut self, what: &'static str, value: f64) -> Self {
        self.against = Some(Against { what, value });
        self
    }

    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    /// Prints it as one JSON object.
    #[allow(clippy::print_stdout, reason = "what a benchmark is for")]
    pub(crate) fn print(&self) {
        let mut line = Map::new();
        line.insert("name".to_owned(), json!(self.name));
        line.insert("value".to_owned(), rounded(self.value));
        line.insert("unit".to_owned(), json!(self.unit));
        let mut judged = self.value;
        if let Some(against) = &self.against {
            judged = self.value / against.value;
            line.insert("against".to_owned(), json!({ "what": against.what, "value": rounded(against.value) }));
            line.insert("ratio".to_owned(), rounded(judged));
        }
        if let Some(goal) = self.goal {
            let (goal, met) = match goal {
                Goal::AtMost(most) => (format!("at most {most}"), judged <= most),
                Goal::AtLeast(least) => (format!("at least {least}"), judged >= least),
            };
            line.insert("goal".to_owned(), json!(goal));
            line.insert("met".to_owned(), json!(met));
        }
        println!("{}", Value::Object(line));
    }
}

/// Four significant digits: no benchmark on a shared machine has more.
fn rounded(value: f64) -> Value {
    let digits = (3.0 - value.abs().max(1e-9).log10().floor()).clamp(0.0, 9.0);
    let scale = 10_f64.powf(digits);
    json!((value * scale).round() / scale)
}

/// Tells a person what goes on.
#[allow(clippy::print_stderr, reason = "standard output is for figures")]
pub(crate) fn note(line: impl std::fmt::Display) {
    eprintln!("{line}");
}

/// Processor time of this process, all threads.
pub(crate) fn cpu() -> Duration {
    ProcessTime::now().as_duration()
}

/// The value at a fraction of the way through sorted values.
pub(crate) fn percentile(sorted: &[f64], fraction: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * fraction).round() as usize).copied().unwrap_or(f64::NAN)
}

/// A field of `/proc/PID/status` in MiB, such as `VmRSS` or `VmHWM`.
pub(crate) fn memory(process: &str, field: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kib: Option<f64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.map(|kib| kib / 1024.0).ok_or_else(|| anyhow::anyhow!("no {field} of process {process}"))
}
