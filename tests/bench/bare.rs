//! SQLite with full text and nothing else: what storing the same rows costs
//! somebody who wants no more than that.
//!
//! Tables, index, pragmas and rows are read from the store that is measured, so
//! that the two cannot drift apart.

use std::path::Path;
use std::time::{Duration, Instant};

use caifeng::text::tokens::Tokeniser;
use cpu_time::ThreadTime;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};

use crate::posts::Page;

/// Wall and processor time.
type Took = (Duration, Duration);

/// One row of `post`, and what stands beside it in full text.
struct Row {
    /// The row key first.
    columns: Vec<Value>,
    title: Option<String>,
    text: String,
}

/// A database of two tables.
pub(crate) struct Bare {
    db: Connection,
    /// The store whose rows are stored again.
    from: Connection,
    insert: String,
    tokeniser: Tokeniser,
    /// The rows of one turn, a batch for each page.
    waiting: Vec<Vec<Row>>,
}

impl Bare {
    /// Makes `path` like the store in `directory`.
    pub(crate) fn open(path: &Path, directory: &Path) -> anyhow::Result<Self> {
        let from = Connection::open_with_flags(directory.join("caifeng.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let db = Connection::open(path)?;
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;",
        )?;
        let wanted = "SELECT sql FROM sqlite_master WHERE name IN ('post', 'post_key', 'post_text') ORDER BY rowid";
        let tables = from.prepare(wanted)?.query_map([], |r| r.get(0))?.collect::<Result<Vec<String>, _>>()?;
        for table in tables {
            // A reference to a table that is not here.
            db.execute_batch(&table.replace("REFERENCES source (id)", ""))?;
        }
        let columns = from.prepare("SELECT * FROM post")?.column_count();
        let places = vec!["?"; columns].join(", ");
        let insert = format!("INSERT INTO post VALUES ({places})");
        Ok(Self { db, from, insert, tokeniser: Tokeniser::new(), waiting: Vec::new() })
    }

    /// Reads the rows that came of `pages`, in the same batches. Returns how many.
    pub(crate) fn rows(&mut self, pages: &[Page]) -> anyhow::Result<usize> {
        let first = pages.first().and_then(|page| page.drafts.first());
        let last = pages.last().and_then(|page| page.drafts.last());
        let span = (first.map(|d| d.published << 20), last.map(|d| (d.published + 1) << 20));
        let mut statement = self.from.prepare_cached("SELECT * FROM post WHERE row >= ?1 AND row < ?2 ORDER BY row")?;
        let column = |name| statement.column_index(name);
        let (sweep, title, text) = (column("sweep")?, column("title")?, column("text")?);
        let mut rows = statement.query(span)?;
        let mut of_sweep = None;
        let mut count = 0;
        self.waiting.clear();
        while let Some(r) = rows.next()? {
            let columns = (0..r.as_ref().column_count()).map(|n| r.get(n)).collect::<Result<Vec<Value>, _>>()?;
            if of_sweep.replace(columns[sweep].clone()) != Some(columns[sweep].clone()) {
                self.waiting.push(Vec::new());
            }
            if let Some(batch) = self.waiting.last_mut() {
                batch.push(Row { columns, title: r.get(title)?, text: r.get(text)? });
            }
            count += 1;
        }
        Ok(count)
    }

    /// Stores the waiting rows; returns what cutting them into tokens took, and the rest.
    pub(crate) fn fill(&mut self) -> anyhow::Result<(Took, Took)> {
        let (mut tokenising, mut storing) = (Took::default(), Took::default());
        for batch in std::mem::take(&mut self.waiting) {
            let (wall, cpu) = (Instant::now(), ThreadTime::now());
            let tokens: Vec<String> =
                batch.iter().map(|row| self.tokeniser.index_text(row.title.as_deref(), &row.text)).collect();
            add(&mut tokenising, wall, cpu);
            let (wall, cpu) = (Instant::now(), ThreadTime::now());
            self.store(&batch, &tokens)?;
            add(&mut storing, wall, cpu);
        }
        Ok((tokenising, storing))
    }

    fn store(&self, batch: &[Row], tokens: &[String]) -> anyhow::Result<()> {
        self.db.execute_batch("BEGIN IMMEDIATE")?;
        let mut post = self.db.prepare_cached(&self.insert)?;
        let mut full_text = self.db.prepare_cached("INSERT INTO post_text (rowid, tokens) VALUES (?1, ?2)")?;
        for (row, tokens) in batch.iter().zip(tokens) {
            post.execute(params_from_iter(&row.columns))?;
            full_text.execute((&row.columns[0], tokens))?;
        }
        self.db.execute_batch("COMMIT")?;
        Ok(())
    }
}

fn add(took: &mut Took, wall: Instant, cpu: ThreadTime) {
    took.0 += wall.elapsed();
    took.1 += cpu.elapsed();
}
