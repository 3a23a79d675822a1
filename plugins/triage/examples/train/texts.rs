//! The training texts: whole ones, composed ones, and short ones with their mood.
//!
//! `training/texts/*.txt` holds whole texts, one a line (`title|text` or `text`), below headings
//! `[CATEGORY FORM]`; `training/moods/*.txt` likewise below `[positive]` and `[negative]`. Lines that
//! were written in one go, about one matter, share a *family*: the lines below a comment (`# …`), ten at most. A
//! family stays in one fold.

use std::error::Error;
use std::path::Path;

use crate::compose;

/// How many lines of one comment are one family.
const FAMILY: usize = 10;

/// A text with what people say of it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// One of the categories, `none`, `positive` or `negative`; nothing for a text that has no part in this.
    pub(crate) category: Option<String>,
    /// In which form it is written: letter, microblog, news …
    pub(crate) form: String,
    pub(crate) title: Option<String>,
    pub(crate) text: String,
    /// What was written in one go.
    pub(crate) family: String,
    /// Written whole, not composed.
    pub(crate) whole: bool,
}

/// `title|text` or `text`.
pub(crate) fn titled(line: &str) -> (Option<&str>, &str) {
    line.split_once('|').map_or((None, line), |(title, text)| (Some(title), text))
}

/// All texts of the folder `training`.
pub(crate) fn all(training: &Path) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    for folder in ["texts", "moods"] {
        for (name, file) in files(&training.join(folder))? {
            rows.extend(whole(&name, &file)?);
        }
    }
    let parts: Vec<String> = files(&training.join("parts"))?.into_iter().map(|(_, file)| file).collect();
    rows.extend(compose::composed(&parts)?);
    Ok(rows)
}

/// Names and contents, in the order of the names.
fn files(folder: &Path) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    let named = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    paths.iter().map(|path| Ok((named(path), std::fs::read_to_string(path)?))).collect()
}

fn whole(name: &str, file: &str) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    let (mut head, mut matter, mut lines) = (None, 0, 0);
    for (nth, line) in file.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        if line.starts_with("# ") {
            (matter, lines) = (nth, 0);
        } else if let Some(heading) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']'))
            && heading.is_ascii()
        {
            head = Some(heading.split_once(' ').unwrap_or((heading, "line")));
            (matter, lines) = (nth, 0);
        } else {
            let (category, form) = head.ok_or_else(|| format!("{name}:{}: no heading yet", nth + 1))?;
            let (title, text) = titled(line);
            rows.push(Row {
                category: Some(category.to_owned()),
                form: form.to_owned(),
                title: title.map(str::to_owned),
                text: text.to_owned(),
                family: format!("{name} {matter} {}", lines / FAMILY),
                whole: true,
            });
            lines += 1;
        }
    }
    Ok(rows)
}
