//! Near-duplicates: how fast copies are found among ten thousand to a million posts, how many of them, and what the
//! index holds in memory.
//!
//! One post in four is a copy of an earlier one: word for word, behind a repost mark and before a source, with one to
//! four characters in a hundred changed, or cut after three quarters or more. The index is the store's own, over its own
//! tables; a look-up is everything from the text to the rows that may say the same.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use caifeng::store::Store;
use caifeng::store::near::{Near, RUN};
use caifeng::text::near::{Signatures, similarity};
use rusqlite::Connection;

use crate::posts::{self, Dice};
use crate::report::{Figure, Goal, cpu, memory, note};

/// Where a rate is measured, and over how many posts each.
const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];
const WINDOW: u64 = 10_000;
/// Of how many posts the copies are judged.
const JUDGED: u64 = 100_000;
/// What datasketch's index of MinHash (128 permutations, Python) took: another day, the same kind of machine.
const DATASKETCH: f64 = 2_900.0;

/// How a post comes from an earlier one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Copied {
    Not,
    Exact,
    Passed,
    Edited,
    Cut,
}

struct Post {
    /// The number of the post that it is a copy of, or its own.
    origin: u64,
    copied: Copied,
    text: String,
}

/// Prints look-ups a second, recall, precision, memory and the time to start.
pub(crate) fn run(scratch: &Path) -> anyhow::Result<()> {
    let directory = scratch.join("near");
    Store::open(&directory, None)?.close();
    let mut db = Connection::open(directory.join("caifeng.db"))?;
    db.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -32768;")?;
    let before = memory("self", "VmRSS")?;
    let mut near = Near::new(RUN);
    let mut judged = Judged::default();
    let mut rates = Vec::new();
    let (mut done, mut adding) = (0, 0.0);
    for size in SIZES {
        let texts: Vec<Post> = (size..size + WINDOW).map(post).collect();
        adding += fill(&mut near, &mut db, done..size, &mut judged)?;
        done = size;
        rates.push(look(&near, &db, &texts)?);
        note(format_args!("{size} posts: {:.0} look-ups/s", rates[rates.len() - 1]));
    }
    let held = memory("self", "VmRSS")? - before - judged.megabytes();
    let last = *rates.last().unwrap_or(&f64::NAN);
    Figure::new("near.lookup.1000000", last, "look-ups/s of processor time, signing included")
        .goal(Goal::AtLeast(40_000.0))
        .print();
    Figure::new("near.lookup.peer", last, "look-ups/s").against("datasketch, another day", DATASKETCH).print();
    Figure::new("near.growth", rates[0] / last, "times the cost among 10,000").goal(Goal::AtMost(2.0)).print();
    Figure::new("near.add", adding * 1e6 / done as f64, "us to sign, look up and add, sealing included").print();
    Figure::new("near.memory", held, "MiB resident with 1,000,000 posts, SQLite's cache included")
        .goal(Goal::AtMost(200.0))
        .print();
    judged.print();
    let start = Instant::now();
    black_box(Near::load(&db, RUN)?);
    Figure::new("near.start", start.elapsed().as_secs_f64(), "s to read the index of 1,000,000 posts").print();
    Ok(())
}

/// Adds posts as the store's writer does, a transaction for every hundred. Returns the seconds of processor time.
fn fill(
    near: &mut Near,
    db: &mut Connection,
    numbers: std::ops::Range<u64>,
    judged: &mut Judged,
) -> anyhow::Result<f64> {
    let mut spent = 0.0;
    let numbers: Vec<u64> = numbers.collect();
    for page in numbers.chunks(100) {
        let posts: Vec<Post> = page.iter().map(|&number| post(number)).collect();
        let start = cpu();
        db.execute_batch("BEGIN")?;
        for (&number, post) in page.iter().zip(&posts) {
            let Some(signed) = Signatures::of(None, &post.text) else { continue };
            let found = near.candidates(db, &signed.whole)?;
            near.insert(db, &signed, number as i64)?;
            judged.judge(number, post, signed, &found);
        }
        db.execute_batch("COMMIT")?;
        if near.is_full() {
            near.seal(db)?;
        }
        spent += (cpu() - start).as_secs_f64();
    }
    Ok(spent)
}

fn look(near: &Near, db: &Connection, texts: &[Post]) -> anyhow::Result<f64> {
    let start = cpu();
    for post in texts {
        if let Some(signed) = Signatures::of(None, &post.text) {
            black_box(near.candidates(db, &signed.whole)?);
        }
    }
    Ok(texts.len() as f64 / (cpu() - start).as_secs_f64())
}

/// How the copies among the first posts were found.
#[derive(Default)]
struct Judged {
    signed: Vec<Option<(u64, Signatures)>>,
    /// Copies, and those of which an earlier post of the same origin was a candidate, by how they were made.
    copies: [(u64, u64); 5],
    /// Candidates that are similar enough to be taken for copies, and those among them that are.
    taken: u64,
    right: u64,
}

impl Judged {
    fn judge(&mut self, number: u64, post: &Post, signed: Signatures, found: &[i64]) {
        if number >= JUDGED {
            return;
        }
        let least = caifeng::incident::group::LEAST_SIMILARITY;
        let mut seen = false;
        for &row in found {
            let Some(Some((origin, other))) = self.signed.get(row as usize) else { continue };
            let same = *origin == post.origin;
            seen |= same;
            if similarity(&signed.whole, &other.whole) >= least {
                self.taken += 1;
                self.right += u64::from(same);
            }
        }
        let (copies, met) = &mut self.copies[post.copied as usize];
        *copies += 1;
        *met += u64::from(seen);
        self.signed.resize(number as usize, None);
        self.signed.push(Some((post.origin, signed)));
    }

    fn megabytes(&self) -> f64 {
        let each = std::mem::size_of::<Option<(u64, Signatures)>>();
        (self.signed.capacity() * each) as f64 / (1 << 20) as f64
    }

    fn print(&self) {
        let share = |(all, met): (u64, u64)| met as f64 / all as f64;
        let copies = self.copies[1..].iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        Figure::new("near.recall", share(copies), "of copies met").goal(Goal::AtLeast(0.98)).print();
        for (name, copied) in
            [("exact", Copied::Exact), ("passed_on", Copied::Passed), ("edited", Copied::Edited), ("cut", Copied::Cut)]
        {
            Figure::new(format!("near.recall.{name}"), share(self.copies[copied as usize]), "of copies met").print();
        }
        let precision = self.right as f64 / self.taken as f64;
        Figure::new("near.precision", precision, "of what is taken for a copy").goal(Goal::AtLeast(0.999)).print();
    }
}

/// How the post of a number comes to be.
fn copied(number: u64) -> Copied {
    if number < 1_000 {
        return Copied::Not;
    }
    match Dice::new(number ^ 0x0c09_7000_0000).below(100) {
        0..5 => Copied::Exact,
        5..13 => Copied::Passed,
        13..21 => Copied::Edited,
        21..25 => Copied::Cut,
        _ => Copied::Not,
    }
}

/// The post of a number; a copy is one of the last thousand that are none.
fn post(number: u64) -> Post {
    let copied_as = copied(number);
    let mut dice = Dice::new(number ^ 0x0419_1000_0000);
    let mut origin = number;
    while copied_as != Copied::Not && (origin == number || copied(origin) != Copied::Not) {
        origin = number - 1 - dice.below(1_000);
    }
    let text = posts::original(origin).text;
    let text = match copied_as {
        Copied::Not | Copied::Exact => text,
        Copied::Passed => format!("转发：{text}【来源：{}】", dice.place()),
        Copied::Edited => edited(&text, &mut dice),
        Copied::Cut => cut(&text, &mut dice),
    };
    Post { origin, copied: copied_as, text }
}

fn edited(text: &str, dice: &mut Dice) -> String {
    let common: Vec<char> = "的一是在不了有和人这中大为上个国我以要他时来用们".chars().collect();
    let mut chars: Vec<char> = text.chars().collect();
    let count = chars.len() as u64;
    for _ in 0..(count * (1 + dice.below(4)) / 100).max(1) {
        chars[dice.below(count) as usize] = common[dice.below(common.len() as u64) as usize];
    }
    chars.into_iter().collect()
}

fn cut(text: &str, dice: &mut Dice) -> String {
    let length = text.chars().count() as u64 * (75 + dice.below(20)) / 100;
    text.chars().take(length.max(20) as usize).chain("……".chars()).collect()
}
