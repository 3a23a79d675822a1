//! The score card: which laws were kept, and where not.

use crate::artifact::Artifact;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// Findings of one law that are told one by one.
const TOLD: usize = 20;

/// Bytes of one finding: what a plugin says has no bounds of its own.
const LINE: usize = 400;

/// A law; the module says what each asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Law {
    /// One interface of the contract, and no imports.
    Contract,
    /// A right manifest, whose examples start.
    Manifest,
    /// Fixtures answer what they must.
    Expectations,
    /// The same call, the same answer.
    Determinism,
    /// No request outside of what was asked for.
    Closure,
    /// Every call ends.
    Termination,
    /// Posts are what the contract says.
    Posts,
    /// There is a fixture for everything.
    Coverage,
    /// Broken pages break nothing.
    Damage,
    /// Labels are what the contract says.
    Labels,
    /// Fixtures are not too old.
    Age,
}

/// What became of a law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Kept.
    Pass,
    /// Kept, but look at it.
    Warn,
    /// Not reached, because an earlier law was broken.
    Untried,
    /// Broken.
    Fail,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// In which fixture, if it is about one.
    pub fixture: Option<String>,
    /// What was tried: `the answer`, `cut at 3/16`.
    pub place: String,
    /// What is wrong.
    pub problem: String,
    /// Only to be looked at.
    pub warning: bool,
}

/// One law's line of the card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Score {
    /// Which law.
    pub law: Law,
    /// What became of it.
    pub verdict: Verdict,
    /// What was tried.
    pub summary: String,
    /// What was found, failures first.
    pub findings: Vec<Finding>,
    /// How many more were found.
    pub more: usize,
}

/// What every law says about one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScoreCard {
    /// The plugin's id; empty if the file is no plugin.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the file, in hexadecimal.
    pub digest: String,
    /// How many fixtures it has.
    pub fixtures: usize,
    /// How many calls were made.
    pub calls: usize,
    /// The laws that concern it, in a fixed order.
    pub laws: Vec<Score>,
}

impl Law {
    /// All laws, in the order of the card.
    pub const ALL: [Self; 11] = [
        Self::Contract,
        Self::Manifest,
        Self::Expectations,
        Self::Determinism,
        Self::Closure,
        Self::Termination,
        Self::Posts,
        Self::Coverage,
        Self::Damage,
        Self::Labels,
        Self::Age,
    ];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contract => "contract",
            Self::Manifest => "manifest",
            Self::Expectations => "expectations",
            Self::Determinism => "determinism",
            Self::Closure => "closure",
            Self::Termination => "termination",
            Self::Posts => "posts",
            Self::Coverage => "coverage",
            Self::Damage => "damage",
            Self::Labels => "labels",
            Self::Age => "age",
        }
    }
}

/// Collects what is found while laws are tried.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) calls: usize,
    entries: BTreeMap<Law, Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    summary: Option<String>,
    failures: Vec<Finding>,
    warnings: Vec<Finding>,
    more: usize,
    more_warnings: usize,
}

impl Ledger {
    /// A law was tried, on `what`.
    pub(super) fn tried(&mut self, law: Law, what: impl Into<String>) {
        self.entries.entry(law).or_default().summary = Some(what.into());
    }

    /// A law was broken.
    pub(super) fn fail(&mut self, law: Law, fixture: Option<&str>, place: &str, problem: impl Into<String>) {
        let entry = self.entries.entry(law).or_default();
        if entry.failures.len() < TOLD {
            entry.failures.push(finding(fixture, place, problem.into(), false));
        } else {
            entry.more += 1;
        }
    }

    /// Something should be looked at.
    pub(super) fn warn(&mut self, law: Law, fixture: Option<&str>, place: &str, problem: impl Into<String>) {
        let entry = self.entries.entry(law).or_default();
        if entry.warnings.len() < TOLD {
            entry.warnings.push(finding(fixture, place, problem.into(), true));
        } else {
            entry.more_warnings += 1;
        }
    }

    /// The card of the plugin that was tried.
    pub(super) fn card(mut self, artifact: Option<&Artifact>, fixtures: usize) -> ScoreCard {
        let concerns = |law: &Law| artifact.is_none_or(|artifact| law.concerns(artifact.kind()));
        let laws = Law::ALL.into_iter().filter(concerns).map(|law| self.score(law)).collect();
        ScoreCard {
            plugin: artifact.map(|artifact| artifact.manifest().id.clone()).unwrap_or_default(),
            version: artifact.map(|artifact| artifact.manifest().version.clone()).unwrap_or_default(),
            digest: artifact.map(|artifact| artifact.digest().to_string()).unwrap_or_default(),
            fixtures,
            calls: self.calls,
            laws,
        }
    }

    fn score(&mut self, law: Law) -> Score {
        let entry = self.entries.remove(&law).unwrap_or_default();
        let verdict = match () {
            () if !entry.failures.is_empty() => Verdict::Fail,
            () if entry.summary.is_none() => Verdict::Untried,
            () if !entry.warnings.is_empty() => Verdict::Warn,
            () => Verdict::Pass,
        };
        let mut findings = entry.failures;
        findings.extend(entry.warnings);
        let summary = entry.summary.unwrap_or_default();
        Score { law, verdict, summary, findings, more: entry.more + entry.more_warnings }
    }
}

fn finding(fixture: Option<&str>, place: &str, mut problem: String, warning: bool) -> Finding {
    problem = problem.replace('\n', "; ");
    problem.truncate(problem.floor_char_boundary(LINE));
    Finding { fixture: fixture.map(ToOwned::to_owned), place: place.to_owned(), problem, warning }
}

impl ScoreCard {
    /// Whether no law is broken.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.laws.iter().all(|score| matches!(score.verdict, Verdict::Pass | Verdict::Warn))
    }

    /// What became of a law; `None` if it does not concern this plugin.
    #[must_use]
    pub fn of(&self, law: Law) -> Option<&Score> {
        self.laws.iter().find(|score| score.law == law)
    }

    /// The card in the `JUnit` form that build servers read: a case a law.
    #[must_use]
    pub fn junit(&self) -> String {
        let failures = self.laws.iter().filter(|score| score.verdict == Verdict::Fail).count();
        let skipped = self.laws.iter().filter(|score| score.verdict == Verdict::Untried).count();
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        // Writing to a String cannot fail.
        let _ = writeln!(
            xml,
            "<testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">",
            escaped(&format!("caifeng plugin check {} {}", self.plugin, self.version)),
            self.laws.len(),
        );
        for score in &self.laws {
            let name = score.law.as_str();
            let _ = write!(xml, "  <testcase classname=\"{}\" name=\"{name}\"", escaped(&self.plugin));
            let found = escaped(&score.lines().join("\n"));
            let _ = match score.verdict {
                Verdict::Pass => writeln!(xml, "/>"),
                Verdict::Warn => writeln!(xml, "><system-out>{found}</system-out></testcase>"),
                Verdict::Untried => writeln!(xml, "><skipped/></testcase>"),
                Verdict::Fail => {
                    let first = score.findings.first().map_or("", |finding| &finding.problem);
                    writeln!(xml, "><failure message=\"{}\">{found}</failure></testcase>", escaped(first))
                }
            };
        }
        xml.push_str("</testsuite>\n");
        xml
    }
}

impl Score {
    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<_> = self.findings.iter().map(ToString::to_string).collect();
        if self.more > 0 {
            lines.push(format!("and {} more", self.more));
        }
        lines
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(fixture) = &self.fixture {
            write!(f, "{fixture}, ")?;
        }
        write!(f, "{}: {}", self.place, self.problem)
    }
}

impl fmt::Display for ScoreCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.plugin.is_empty() { "not a plugin" } else { &self.plugin };
        writeln!(f, "{name} {}", self.version)?;
        writeln!(f, "{} fixtures, {} calls", self.fixtures, self.calls)?;
        for score in &self.laws {
            let mark = match score.verdict {
                Verdict::Pass => "pass",
                Verdict::Warn => "warn",
                Verdict::Untried => "-",
                Verdict::Fail => "FAIL",
            };
            writeln!(f, "{}", format!("  {mark:<5} {:<13} {}", score.law.as_str(), score.summary).trim_end())?;
            for line in score.lines() {
                writeln!(f, "          {line}")?;
            }
        }
        Ok(())
    }
}

/// Text that XML 1.0 may hold (its `Char` production), between tags or in quotes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' | '\t' => safe.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => safe.push(char::REPLACEMENT_CHARACTER),
            c => safe.push(c),
        }
    }
    safe
}
