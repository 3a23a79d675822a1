//! What becomes of the rows of a table.
//!
//! Rows take the way of posts that were heard: known ones are dropped, the rest meet
//! topics, classifiers and grouping, and are committed by the hundred, so that memory stays
//! flat and a broken run can be repeated: the same file twice adds nothing. A row that is
//! wrong is told and left out; with `strict` the file is read twice, and nothing of it is taken
//! when a row is wrong.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use caifeng_plugin_host::contract::{Post, Timestamp};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::columns::Field;
use super::post::{self, Placed};
use super::rows::{self, BadRow, FileFault, Format, Item};
use super::{IMPORTED, Told};
use crate::control::{Line, Refusal};
use crate::ingest::Origin;
use crate::store::StoreError;
use crate::sweep::{Sweeper, blocking};

/// Rows that are committed together, by number and by bytes.
const TOGETHER: usize = 256;
const TOGETHER_BYTES: usize = 4 << 20;
/// Rows after which it is told how far reading has come.
const TELL: u64 = 1_000;
/// Rows that a preview shows.
pub const SAMPLES: usize = 5;

/// A table to be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// The file, as an absolute path.
    pub path: PathBuf,
    /// Its form.
    pub format: Format,
    /// Take all or nothing.
    pub strict: bool,
}

/// How a table is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// Encoding and delimiter, or sheet.
    pub form: String,
    /// Each column and what it means; `None` is left out.
    pub columns: Vec<(String, Option<Field>)>,
}

/// A row as it would be stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Line or row.
    pub row: u64,
    /// The site it is kept under.
    pub site: String,
    /// The post; its author is hidden, as it is stored.
    pub post: Post,
}

/// What became of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Rows with something in them.
    pub rows: u64,
    /// Of these, rows that were not taken.
    pub bad: u64,
    /// Posts not known before.
    pub new: u64,
    /// Posts whose title or text had changed.
    pub changed: u64,
    /// Posts that were known, or stood in the table twice.
    pub known: u64,
    /// New or changed posts that mention a topic.
    pub matched: u64,
    /// Incidents that were opened.
    pub opened: u64,
    /// How often incidents were joined.
    pub joined: u64,
    /// Why the rest of the file could not be read.
    pub cut: Option<String>,
}

/// What happens in a table, in its order; see [`walk`].
#[derive(Debug)]
pub enum Step {
    /// How it is read.
    Mapping(Mapping),
    /// A row that can be stored.
    Good(u64, Box<Placed>),
    /// A row that cannot.
    Bad(BadRow),
}

/// Reads a table and hands each step to `take`, until that breaks. Blocks.
///
/// # Errors
/// See [`rows::read`].
pub fn walk(
    path: &Path,
    format: Format,
    zone: &TimeZone,
    come: &Arc<AtomicU64>,
    mut take: impl FnMut(Step) -> ControlFlow<()>,
) -> Result<(), FileFault> {
    rows::read(path, format, come, &mut |item| {
        take(match item {
            Item::Header { columns, form } => {
                let columns = columns.iter().map(|(name, field)| (name.to_owned(), field)).collect();
                Step::Mapping(Mapping { form, columns })
            }
            Item::Bad(bad) => Step::Bad(bad),
            Item::Row { number, cells } => match post::post(&cells, zone) {
                Ok(placed) => Step::Good(number, Box::new(placed)),
                Err(unfit) => {
                    let column = unfit.field.map(Field::name);
                    Step::Bad(BadRow { row: number, column, message: unfit.message })
                }
            },
        })
    })
}

/// Takes a table.
///
/// # Errors
/// When it cannot be read at all, when `strict` and a row is wrong, or when the store cannot write; what was
/// committed before stays.
pub async fn import(import: &Import, sweeper: &Sweeper, tell: &mpsc::Sender<Line>) -> Result<(), Refusal> {
    let (import, sweeper, told) = (import.clone(), sweeper.clone(), tell.clone());
    let summary = blocking(move || {
        let begun = Sweeper { pipeline: sweeper.pipeline.held(), ..sweeper };
        Run::new(&import, &begun, &told).run()
    })
    .await?;
    let _ = tell.send(Line::Handed(Box::new(Told::Imported(summary)))).await;
    Ok(())
}

/// A table while it is taken.
struct Run<'a> {
    import: &'a Import,
    sweeper: &'a Sweeper,
    tell: &'a mpsc::Sender<Line>,
    captured: Timestamp,
    size: u64,
    come: Arc<AtomicU64>,
    waiting: Vec<Placed>,
    bytes: usize,
    sum: Summary,
}

impl<'a> Run<'a> {
    fn new(import: &'a Import, sweeper: &'a Sweeper, tell: &'a mpsc::Sender<Line>) -> Self {
        let size = std::fs::metadata(&import.path).map_or(0, |file| file.len());
        let captured = sweeper.clock.now();
        let (come, waiting, sum) = (Arc::default(), Vec::new(), Summary::default());
        Self { import, sweeper, tell, captured, size, come, waiting, bytes: 0, sum }
    }

    fn run(mut self) -> Result<Summary, Refusal> {
        let Import { path, format, strict } = self.import;
        if *strict {
            self.check()?;
        }
        let (zone, come) = (self.sweeper.zone.clone(), Arc::clone(&self.come));
        let mut failed = None;
        let read = walk(path, *format, &zone, &come, |step| match self.step(step) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        });
        if let Some(error) = failed {
            return Err(error.into());
        }
        self.commit()?;
        match read {
            Ok(()) => Ok(self.sum),
            Err(fault) if self.sum.rows == 0 => Err(Refusal::Usage(format!("{}: {fault}", path.display()))),
            Err(fault) => {
                self.sum.cut = Some(fault.to_string());
                Ok(self.sum)
            }
        }
    }

    /// Reads everything and takes nothing.
    fn check(&self) -> Result<(), Refusal> {
        let Import { path, format, .. } = self.import;
        let mut bad = 0_u64;
        let read = walk(path, *format, &self.sweeper.zone, &Arc::default(), |step| {
            if let Step::Bad(row) = step {
                bad += 1;
                self.say(Told::Bad(row));
            }
            ControlFlow::Continue(())
        });
        read.map_err(|fault| Refusal::Usage(format!("{}: {fault}", path.display())))?;
        match bad {
            0 => Ok(()),
            bad => Err(Refusal::Usage(format!("{bad} rows are wrong and nothing was taken: correct them"))),
        }
    }

    fn step(&mut self, step: Step) -> Result<(), StoreError> {
        match step {
            Step::Mapping(mapping) => self.say(Told::Mapping(mapping)),
            Step::Bad(bad) => {
                self.sum.rows += 1;
                self.sum.bad += 1;
                self.say(Told::Bad(bad));
            }
            Step::Good(_, placed) => {
                self.sum.rows += 1;
                self.bytes += placed.post.text.len() + placed.post.title.as_ref().map_or(0, String::len);
                self.waiting.push(*placed);
                if self.waiting.len() >= TOGETHER || self.bytes >= TOGETHER_BYTES {
                    self.commit()?;
                }
            }
        }
        if self.sum.rows.is_multiple_of(TELL) {
            self.say(Told::Progress(self.come.load(Ordering::Relaxed), self.size));
        }
        Ok(())
    }

    /// The listener may hang up: the work is done all the same.
    fn say(&self, told: Told) {
        let _ = self.tell.blocking_send(Line::Handed(Box::new(told)));
    }

    /// Stores what waits, site by site.
    fn commit(&mut self) -> Result<(), StoreError> {
        self.bytes = 0;
        let mut sites: HashMap<String, Vec<Post>> = HashMap::new();
        for Placed { site, post } in self.waiting.drain(..) {
            sites.entry(site).or_default().push(post);
        }
        let mut sites: Vec<_> = sites.into_iter().collect();
        sites.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (site, posts) in sites {
            let given = posts.len() as u64;
            let origin = Origin { sweep: None, plugin: IMPORTED.to_owned(), site, captured: self.captured };
            let understood = self.sweeper.pipeline.understand(&self.sweeper.reader, origin, posts)?;
            for failure in understood.failures {
                tracing::warn!("stored without the labels of a classifier: {failure}");
            }
            if !understood.reactions.is_empty() {
                let (plugin, site) = (&understood.batch.plugin, &understood.batch.site);
                self.sweeper.store.touch(plugin, site, understood.reactions)?;
            }
            let done = match understood.batch.posts.is_empty() {
                true => crate::store::model::Ingested::default(),
                false => self.sweeper.store.ingest(understood.batch)?,
            };
            self.sum.new += done.new;
            self.sum.changed += done.changed;
            self.sum.known += given - done.new - done.changed;
            self.sum.matched += done.matched;
            self.sum.opened += done.opened.len() as u64;
            self.sum.joined += done.joined.len() as u64;
        }
        Ok(())
    }
}
