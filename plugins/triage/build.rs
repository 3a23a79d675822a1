//! Turns `cues.txt` into the match table, so that a fresh instance has nothing to build.
//!
//! Terms are laid out by the bucket of their first character (`HEADS[b]..HEADS[b + 1]`),
//! the longest first within a bucket. `NEXT` has each term's second character, by which
//! most of a bucket is passed over; 0 where it has none.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

/// Sections of `cues.txt`, each with its `Sign` in `src/cues.rs`.
const SIGNS: [(&str, &str); 14] = [
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
];

const BUCKETS: usize = 1024;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=cues.txt");
    let source = std::fs::read_to_string("cues.txt")?;
    // What each term is a sign of, and how strongly.
    let mut terms: BTreeMap<&str, BTreeMap<usize, u8>> = BTreeMap::new();
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
            let signs = terms.entry(word).or_default();
            if weight > 0 {
                signs.entry(sign).or_insert(weight);
            }
        }
    }
    let mut buckets: Vec<Vec<&str>> = vec![Vec::new(); BUCKETS];
    for term in terms.keys() {
        let first = term.chars().next().ok_or("empty term")?;
        buckets[first as usize % BUCKETS].push(term);
    }
    let mut heads = vec![0];
    let mut table = String::new();
    let mut nexts = Vec::new();
    let mut count = 0;
    for bucket in &mut buckets {
        bucket.sort_by_key(|term| (std::cmp::Reverse(term.len()), *term));
        for term in bucket.iter() {
            let signs: Vec<String> =
                terms[term].iter().map(|(sign, weight)| format!("(Sign::{}, {weight})", SIGNS[*sign].1)).collect();
            writeln!(table, "    ({term:?}, &[{}]),", signs.join(", "))?;
            nexts.push(term.chars().nth(1).map_or(0, u32::from));
            count += 1;
        }
        heads.push(count);
    }
    let out = Path::new(&std::env::var("OUT_DIR")?).join("table.rs");
    std::fs::write(
        out,
        format!(
            "const BUCKETS: usize = {BUCKETS};\n\
             static HEADS: [u16; {}] = {heads:?};\n\
             static NEXT: [u32; {count}] = {nexts:?};\n\
             static TERMS: [(&str, &[(Sign, u8)]); {count}] = [\n{table}];\n",
            heads.len(),
        ),
    )?;
    Ok(())
}
