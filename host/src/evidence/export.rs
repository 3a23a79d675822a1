//! What belongs to one incident, handed out so that others can check it with their own tools.
//!
//! | file | what | checked by |
//! | --- | --- | --- |
//! | `X.warc.gz` | every exchange that a version of a post or a look at it came from, byte for byte | `warcio check` |
//! | `X.events.jsonl` | the incident's events with their hashes in the chain | `caifeng audit verify` |
//! | `X.html` | what, when, from where, which hash; in Chinese and English | a person |
//! | `X.warc.gz.sha256` | SHA-256 of the three | `sha256sum -c` |
//!
//! Each exchange is compared with the digest that was stored when it was captured. One that is
//! missing or was changed is left out and said so, in the index and to whoever exports.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use caifeng_plugin_host::contract::Timestamp;
use sha2::{Digest as _, Sha256};

use super::vault::{self, Capture, SOFTWARE};
use crate::clock::rfc3339;
use crate::hex::hex;
use crate::store::Proof;
use crate::store::model::{IncidentRow, PostRow, PostRowId};

/// What is handed out.
#[derive(Debug)]
pub struct Case<'a> {
    /// The incident.
    pub incident: &'a IncidentRow,
    /// Its posts.
    pub posts: &'a [PostRow],
    /// What they came from, oldest first.
    pub proofs: &'a [Proof],
    /// Its events, as [`Reader::chained`](crate::store::Reader::chained) gives them.
    pub events: &'a [serde_json::Value],
    /// When it is handed out.
    pub now: Timestamp,
}

/// What was written.
#[derive(Debug, PartialEq, Eq)]
pub struct Exported {
    /// The files, the manifest last.
    pub files: Vec<PathBuf>,
    /// Exchanges in it.
    pub captures: u64,
    /// One line for each exchange that could not be handed out.
    pub missing: Vec<String>,
}

/// A capture with everything that came from it.
struct Exhibit<'a> {
    proof: &'a Proof,
    proofs: Vec<&'a Proof>,
    /// Where it begins in the export; `None` when it is missing.
    place: Option<u64>,
}

/// Writes the four files; `out` is the WARC file, and no file may be there yet.
///
/// # Errors
/// A file exists, or the disk gave an error.
pub fn write(out: &Path, evidence: &Path, case: &Case<'_>) -> io::Result<Exported> {
    let name = out.file_name().and_then(|name| name.to_str()).unwrap_or("evidence.warc.gz").to_owned();
    let stem = name.strip_suffix(".gz").unwrap_or(&name);
    let stem = stem.strip_suffix(".warc").unwrap_or(stem).to_owned();
    let beside = |name: &str| out.with_file_name(OsString::from(name));
    let [events, index, manifest] = [format!("{stem}.events.jsonl"), format!("{stem}.html"), format!("{name}.sha256")];
    if let Some(taken) = [&name, &events, &index, &manifest].into_iter().map(|n| beside(n)).find(|path| path.exists()) {
        let what = format!("{}: is there already: name another -o", taken.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
    }
    let mut exhibits = exhibits(case.proofs);
    let mut missing = Vec::new();
    let mut sums = vec![(name.clone(), warc(out, evidence, case.now, &mut exhibits, &mut missing)?)];
    let lines: Vec<String> = case.events.iter().map(|event| format!("{event}\n")).collect();
    sums.push((events.clone(), file(&beside(&events), lines.concat().as_bytes())?));
    sums.push((index.clone(), file(&beside(&index), page(case, &exhibits, &name, &missing).as_bytes())?));
    let listed: Vec<String> = sums.iter().map(|(name, sum)| format!("{}  {name}\n", hex(sum))).collect();
    file(&beside(&manifest), listed.concat().as_bytes())?;
    let files = [&name, &events, &index, &manifest].into_iter().map(|n| beside(n)).collect();
    Ok(Exported { files, captures: exhibits.iter().filter(|e| e.place.is_some()).count() as u64, missing })
}

/// One exhibit for each capture, in the order of time.
fn exhibits(proofs: &[Proof]) -> Vec<Exhibit<'_>> {
    let mut places: HashMap<i64, usize> = HashMap::new();
    let mut exhibits: Vec<Exhibit<'_>> = Vec::new();
    for proof in proofs {
        let at = *places.entry(proof.capture_id).or_insert(exhibits.len());
        if at == exhibits.len() {
            exhibits.push(Exhibit { proof, proofs: Vec::new(), place: None });
        }
        exhibits[at].proofs.push(proof);
    }
    exhibits
}

/// A file for this user alone: pages name people.
fn create(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

fn file(path: &Path, bytes: &[u8]) -> io::Result<[u8; 32]> {
    let mut file = create(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(Sha256::digest(bytes).into())
}

fn warc(
    out: &Path,
    evidence: &Path,
    now: Timestamp,
    exhibits: &mut [Exhibit<'_>],
    missing: &mut Vec<String>,
) -> io::Result<[u8; 32]> {
    let mut file = create(out)?;
    let mut writer = vault::writer()?;
    writer.warcinfo(SOFTWARE, now)?;
    let mut sum = Sha256::new();
    let mut at = 0;
    let mut put = |bytes: &[u8], at: &mut u64| {
        sum.update(bytes);
        *at += bytes.len() as u64;
        file.write_all(bytes)
    };
    put(&writer.finish()?, &mut at)?;
    for exhibit in exhibits {
        let capture = &exhibit.proof.capture;
        match vault::bytes(evidence, capture) {
            Ok(bytes) if vault::response(&bytes, &capture.digest).is_some() => {
                exhibit.place = Some(at);
                put(&bytes, &mut at)?;
            }
            Ok(_) => missing.push(lost(capture, "what lies there is not what was captured")),
            Err(error) => missing.push(lost(capture, &error.to_string())),
        }
    }
    file.sync_all()?;
    Ok(sum.finalize().into())
}

fn lost(capture: &Capture, why: &str) -> String {
    format!("{}: {} at byte {}: {why}", capture.url, capture.file, capture.offset)
}

/// The index, in both languages side by side: it is read far from the program that made it.
fn page(case: &Case<'_>, exhibits: &[Exhibit<'_>], warc: &str, missing: &[String]) -> String {
    let posts: HashMap<PostRowId, &PostRow> = case.posts.iter().map(|post| (post.row, post)).collect();
    let Case { incident, now, .. } = case;
    let title = format!("证据 Evidence · #{} {}", incident.id, incident.title);
    let mut html = format!(
        "<!doctype html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title>\n<style>body{{font:15px/1.6 sans-serif;margin:2em auto;\
         max-width:80em;padding:0 1em}}table{{border-collapse:collapse;width:100%}}th,td{{text-align:left;\
         vertical-align:top;border-top:1px solid #999;padding:.4em .6em;overflow-wrap:anywhere}}code{{font-size:12px}}\
         </style></head>\n<body><h1 dir=\"auto\">{title}</h1>\n<p>导出时间 exported: {}. 文件 file: <code>{}</code>. 校验 \
         check: <code>warcio check {}</code>, <code>sha256sum -c {}.sha256</code></p>\n<table><thead><tr>",
        rfc3339(*now),
        escape(warc),
        escape(warc),
        escape(warc),
        title = escape(&title),
    );
    for head in ["#", "内容 what", "采集时间 when (UTC)", "来源 from where", "SHA-256", "位置 byte"] {
        let _ = write!(html, "<th scope=\"col\">{head}</th>");
    }
    html.push_str("</tr></thead><tbody>\n");
    for (n, exhibit) in exhibits.iter().enumerate() {
        let capture = &exhibit.proof.capture;
        let said: Vec<String> = exhibit.proofs.iter().map(|proof| said(posts.get(&proof.row), proof)).collect();
        let recorded = if capture.date == exhibit.proof.at {
            String::new()
        } else {
            format!("<br>(录制 recorded: {})", rfc3339(capture.date))
        };
        let place = exhibit.place.map_or_else(|| "缺失 missing".to_owned(), |at| at.to_string());
        let _ = writeln!(
            html,
            "<tr><td>{}</td><td dir=\"auto\">{}</td><td>{}{recorded}</td><td>{} ({})</td><td><code>{}</code></td><td>{place}</td></tr>",
            n + 1,
            said.join("<br>"),
            rfc3339(exhibit.proof.at),
            escape(&capture.url),
            capture.status,
            hex(&capture.digest),
        );
    }
    html.push_str("</tbody></table>\n");
    if !missing.is_empty() {
        html.push_str("<h2>缺失 Missing</h2>\n<ul>");
        missing.iter().for_each(|line| {
            let _ = write!(html, "<li>{}</li>", escape(line));
        });
        html.push_str("</ul>\n");
    }
    html.push_str("</body></html>\n");
    html
}

fn said(post: Option<&&PostRow>, proof: &Proof) -> String {
    let what = match proof.look.as_deref() {
        None => format!("第 {version} 版 version {version}", version = proof.version),
        Some("gone") => "复查：已不在 looked at again: gone".to_owned(),
        Some("there") => "复查：仍在 looked at again: there".to_owned(),
        Some(_) => "复查：不明 looked at again: unclear".to_owned(),
    };
    let Some(post) = post else { return format!("({what})") };
    let head = post.title.as_deref().unwrap_or(&post.text);
    let head: String = head.chars().filter(|c| !c.is_control()).take(80).collect();
    format!("{} · {} · {what}", escape(&head), escape(&post.url))
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // They would turn words that are not theirs.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c => out.push(c),
        }
    }
    out
}
