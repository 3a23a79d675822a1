//! Turns `cues.txt` and `simplified.txt` into tables, so that a fresh instance has nothing to build.
//!
//! Cue terms are laid out by the bucket of their first code (`HEADS[b]..HEADS[b + 1]`),
//! the longest first within a bucket. `NEXT` has each term's second code, by which
//! most of a bucket is passed over; 0 where it has none. `MAY` has 64 bits for each
//! bucket, one for the second codes that are alike modulo 64: at most places of a text it says
//! at one look that no term begins.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

/// Sections of `cues.txt`, each with its `Sign` in `src/cues.rs`.
const SIGNS: [(&str, &str); 20] = [
    ("problem", "Problem"),
    ("suggestion", "Suggestion"),
    ("event", "Event"),
    ("harm", "Harm"),
    ("now", "Now"),
    ("sensitive", "Sensitive"),
    ("vague", "Vague"),
    ("urge", "Urge"),
    ("shock", "Shock"),
    ("debunk", "Debunk"),
    ("ask", "Ask"),
    ("thanks", "Thanks"),
    ("news", "News"),
    ("chat", "Chat"),
    ("own", "Own"),
    ("rehearsed", "Rehearsed"),
    ("peril", "Peril"),
    ("frail", "Frail"),
    ("good", "Good"),
    ("bad", "Bad"),
];

const BUCKETS: usize = 1024;

/// The unified ideographs.
const HAN: std::ops::RangeInclusive<u32> = 0x4e00..=0x9fff;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=cues.txt");
    println!("cargo::rerun-if-changed=simplified.txt");
    let out = std::env::var("OUT_DIR")?;
    std::fs::write(Path::new(&out).join("cues.rs"), cues(&std::fs::read_to_string("cues.txt")?)?)?;
    std::fs::write(Path::new(&out).join("simplified.rs"), simplified(&std::fs::read_to_string("simplified.txt")?)?)?;
    Ok(())
}

fn cues(source: &str) -> Result<String, Box<dyn Error>> {
    // What each term is a sign of, and how strongly.
    let mut terms: BTreeMap<Vec<u32>, BTreeMap<usize, u8>> = BTreeMap::new();
    let mut sign = None;
    for (nth, line) in source.lines().enumerate() {
        let at = || format!("cues.txt:{}: {line}", nth + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            sign = Some(SIGNS.iter().position(|(s, _)| *s == name).ok_or_else(at)?);
            continue;
        }
        let (weight, words) = line.split_once(' ').ok_or_else(at)?;
        let (weight, sign) = (weight.parse::<u8>()?, sign.ok_or_else(at)?);
        for word in words.split_whitespace() {
            let signs = terms.entry(word.chars().map(folded).collect()).or_default();
            if weight > 0 {
                signs.entry(sign).or_insert(weight);
            }
        }
    }
    laid_out(&terms)
}

/// As `src/fold.rs` folds what stands in `cues.txt`.
fn folded(c: char) -> u32 {
    let code = u32::from(c.to_ascii_lowercase());
    if matches!(code, 0xff01..=0xff5e) { code - 0xfee0 } else { code }
}

fn laid_out(terms: &BTreeMap<Vec<u32>, BTreeMap<usize, u8>>) -> Result<String, Box<dyn Error>> {
    let mut buckets: Vec<Vec<&Vec<u32>>> = vec![Vec::new(); BUCKETS];
    for term in terms.keys() {
        buckets[*term.first().ok_or("empty term")? as usize % BUCKETS].push(term);
    }
    let (mut heads, mut nexts, mut table, mut count) = (vec![0], Vec::new(), String::new(), 0);
    let mut may = vec![0_u64; BUCKETS];
    for (bucket, may) in buckets.iter_mut().zip(&mut may) {
        bucket.sort_by_key(|term| (std::cmp::Reverse(term.len()), *term));
        for term in bucket.iter() {
            let signs: Vec<String> =
                terms[*term].iter().map(|(sign, weight)| format!("(Sign::{}, {weight})", SIGNS[*sign].1)).collect();
            writeln!(table, "    (&{term:?}, &[{}]),", signs.join(", "))?;
            *may |= term.get(1).map_or(u64::MAX, |second| 1 << (second % 64));
            nexts.push(term.get(1).copied().unwrap_or(0));
            count += 1;
        }
        heads.push(count);
    }
    Ok(format!(
        "const BUCKETS: usize = {BUCKETS};\n\
         static HEADS: [u16; {}] = {heads:?};\n\
         static MAY: [u64; BUCKETS] = {may:?};\n\
         static NEXT: [u32; {count}] = {nexts:?};\n\
         /// A term's codes, and what it is a sign of, with weights.\n\
         type Term = (&'static [u32], &'static [(Sign, u8)]);\n\
         static TERMS: [Term; {count}] = [\n{table}];\n",
        heads.len(),
    ))
}

/// The simplified form of each ideograph; most are their own.
fn simplified(source: &str) -> Result<String, Box<dyn Error>> {
    let mut table: Vec<u32> = HAN.collect();
    for pair in source.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace) {
        let codes: Vec<u32> = pair.chars().map(u32::from).collect();
        let [from, to] = codes[..] else { return Err(format!("simplified.txt: no pair: {pair}").into()) };
        *table.get_mut((from - HAN.start()) as usize).ok_or("simplified.txt: no ideograph")? = to;
    }
    Ok(format!("static SIMPLIFIED: [u16; {}] = {table:?};\n", table.len()))
}
