//! Texts composed from hand-written parts: `training/parts/*.txt`.
//!
//! A part file has pools (`[name]`, then one line each) and cores
//! (`[core CATEGORY FORM COUNT FRAME]`, then `title|body` or `body` a line). Each core is written
//! out COUNT times in the frames of `{FRAME}`; `{core}` is its body, `{name}` a line of a pool, `{0}`
//! a number from 1 to 9. A frame may be empty of all but the core. Deterministic.

use std::collections::BTreeMap;
use std::error::Error;

use crate::texts::{Row, titled};

struct Core {
    category: String,
    form: String,
    count: usize,
    frame: String,
    line: String,
}

/// Numbers that look drawn by lot and are the same each time.
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    pub(crate) fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % count.max(1)
    }
}

type Pools = BTreeMap<String, Vec<String>>;

/// Every core in its frames; `files` are the contents of the part files.
pub(crate) fn composed(files: &[String]) -> Result<Vec<Row>, Box<dyn Error>> {
    let (mut pools, cores) = read(files)?;
    let mut draw = Draw(0x9e37_79b9_7f4a_7c15);
    let mut rows = Vec::new();
    for core in &cores {
        let (title, body) = titled(&core.line);
        for _ in 0..core.count {
            pools.insert("core".to_owned(), vec![body.to_owned()]);
            let text = fill(&format!("{{{}}}", core.frame), &pools, &mut draw, 0)?;
            // A quarter of what could have a title goes without: a comment, a forwarded text.
            let title = match title {
                Some(title) if draw.below(4) > 0 => Some(fill(title, &pools, &mut draw, 0)?),
                _ => None,
            };
            let (category, form) = (core.category.clone(), core.form.clone());
            rows.push(Row { category: Some(category), form, title, text, family: core.line.clone(), whole: false });
        }
    }
    Ok(rows)
}

fn read(files: &[String]) -> Result<(Pools, Vec<Core>), Box<dyn Error>> {
    let (mut pools, mut cores) = (Pools::new(), Vec::new());
    for file in files {
        let mut head: Vec<String> = Vec::new();
        for line in file.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                head = name.split_whitespace().map(str::to_owned).collect();
            } else if let [_, category, form, count, frame] = &head[..] {
                let (category, form, frame) = (category.clone(), form.clone(), frame.clone());
                cores.push(Core { category, form, count: count.parse()?, frame, line: line.to_owned() });
            } else {
                // `_` is a line with nothing on it.
                let line = if line == "_" { "" } else { line };
                pools.entry(head.first().cloned().unwrap_or_default()).or_default().push(line.to_owned());
            }
        }
    }
    Ok((pools, cores))
}

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
