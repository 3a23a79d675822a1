//! Composes training texts from the hand-written parts in `training/parts/*.txt`
//! and writes `training/composed.jsonl`:
//! `cargo run --release -p caifeng-triage --example compose`.
//!
//! A part file has pools (`[name]`, then one line each) and cores
//! (`[core CATEGORY FORM COUNT FRAME]`, then `title|body` or `body` a line). Each core is written
//! out COUNT times in the frames of `{FRAME}`; `{core}` is its body, `{name}` a line of a pool, `{0}`
//! a number from 1 to 9. A frame may be empty of all but the core. Deterministic.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::path::Path;

use serde_json::json;

struct Core {
    category: String,
    form: String,
    count: usize,
    frame: String,
    line: String,
}

struct Draw(u64);

impl Draw {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % count.max(1)
    }
}

type Pools = BTreeMap<String, Vec<String>>;

/// Writes a line out; a slot of no pool is an error, and so is nesting deeper than eight.
fn fill(line: &str, pools: &Pools, draw: &mut Draw, depth: u8) -> Result<String, Box<dyn Error>> {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('{') {
        let (slot, behind) = after.split_once('}').ok_or_else(|| format!("no }} in: {line}"))?;
        out.push_str(before);
        if slot == "0" {
            out.push(char::from(b'1' + u8::try_from(draw.below(9))?));
        } else {
            let pool = pools.get(slot).ok_or_else(|| format!("no pool {slot} for: {line}"))?;
            if depth == 8 {
                return Err(format!("nested too deep: {line}").into());
            }
            out.push_str(&fill(&pool[draw.below(pool.len())], pools, draw, depth + 1)?);
        }
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

fn read(home: &Path) -> Result<(Pools, Vec<Core>), Box<dyn Error>> {
    let mut files: Vec<_> = std::fs::read_dir(home.join("training/parts"))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "txt"))
        .collect();
    files.sort();
    let (mut pools, mut cores) = (Pools::new(), Vec::new());
    for file in files {
        let mut head: Vec<String> = Vec::new();
        for line in std::fs::read_to_string(&file)?.lines() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                head = name.split_whitespace().map(str::to_owned).collect();
            } else if let [_, category, form, count, frame] = &head[..] {
                cores.push(Core {
                    category: category.clone(),
                    form: form.clone(),
                    count: count.parse()?,
                    frame: frame.clone(),
                    line: line.to_owned(),
                });
            } else {
                // `_` is a line with nothing on it.
                let line = if line == "_" { "" } else { line };
                pools.entry(head.first().cloned().unwrap_or_default()).or_default().push(line.to_owned());
            }
        }
    }
    Ok((pools, cores))
}

fn main() -> Result<(), Box<dyn Error>> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut pools, cores) = read(home)?;
    let mut out = std::io::BufWriter::new(std::fs::File::create(home.join("training/composed.jsonl"))?);
    let mut draw = Draw(0x9e37_79b9_7f4a_7c15);
    for core in &cores {
        let (title, body) = core.line.split_once('|').map_or((None, core.line.as_str()), |(t, b)| (Some(t), b));
        for _ in 0..core.count {
            pools.insert("core".to_owned(), vec![body.to_owned()]);
            let text = fill(&format!("{{{}}}", core.frame), &pools, &mut draw, 0)?;
            // A quarter of what could have a title goes without: a comment, a forwarded text.
            let title = match title {
                Some(title) if draw.below(4) > 0 => Some(fill(title, &pools, &mut draw, 0)?),
                _ => None,
            };
            let row = json!({
                "category": core.category, "form": core.form, "core": core.line, "title": title, "text": text,
            });
            writeln!(out, "{row}")?;
        }
    }
    out.flush()?;
    Ok(())
}
