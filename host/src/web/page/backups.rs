//! 备份: copies of everything, as they are made, lie here and are taken elsewhere.

use askama::Template;

use super::admin::{LINE, admin_tabs, frame};
use super::sources::Ground;
use super::{Frame, Rendered, Tab, Visit};
use crate::backup::Stage;
use crate::backup::kept::{Kept, Standing};
use crate::web::lang::{Lang, grouped, refusal};
use crate::web::mark::line;
use crate::web::when::{Clockface, Stamp};

struct CopyView {
    name: String,
    size: String,
    at: Option<Stamp>,
}

#[derive(Template)]
#[template(path = "admin-backup.html")]
struct BackupPage {
    frame: Frame,
    tabs: Vec<Tab>,
    running: Option<(String, Stamp)>,
    made: Option<String>,
    failed: Option<String>,
    count: String,
    copies: Vec<CopyView>,
    before: Vec<CopyView>,
    data: String,
}

/// A length of a file as people say it.
pub(super) fn size(bytes: u64, lang: Lang) -> String {
    match bytes {
        0..=1_023 => lang.count("size.bytes", bytes),
        1_024..=1_048_575 => lang.with("size.kib", &[("n", &grouped(bytes >> 10))]),
        _ => lang.with("size.mib", &[("n", &grouped(bytes >> 20))]),
    }
}

fn stage(stage: Stage, lang: Lang) -> String {
    let of =
        |key, done: usize, all: usize| lang.with(key, &[("n", &grouped(done as u64)), ("all", &grouped(all as u64))]);
    match stage {
        Stage::Database => lang.t("copies.database"),
        Stage::Files(done, all) => of("copies.files", done, all),
        Stage::Checked(done, all) => of("copies.checked", done, all),
    }
}

fn view(kept: &Kept, face: &Clockface, lang: Lang) -> CopyView {
    CopyView { name: kept.name.clone(), size: size(kept.bytes, lang), at: kept.at.map(|at| face.stamp(at)) }
}

/// Copies that lie here, those from before conversions, and how the making stands; `data` is the data directory.
pub(crate) fn backups(
    visit: &Visit,
    ground: &Ground,
    (copies, before): (&[Kept], &[Kept]),
    standing: &Standing,
    data: String,
) -> Rendered {
    let lang = visit.lang;
    let frame = frame(visit, ground);
    let (made, failed) = match &standing.last {
        None => (None, None),
        Some(Ok(name)) => (Some(lang.with("copies.made", &[("name", name)])), None),
        Some(Err(why)) => (None, Some(line(&refusal::told(lang, why), LINE))),
    };
    BackupPage {
        tabs: admin_tabs(visit, "/admin/backup"),
        running: standing.running.map(|(since, at)| (stage(at, lang), frame.face.stamp(since))),
        made,
        failed,
        count: lang.count("copies.count", copies.len() as u64),
        copies: copies.iter().map(|kept| view(kept, &frame.face, lang)).collect(),
        before: before.iter().map(|kept| view(kept, &frame.face, lang)).collect(),
        data,
        frame,
    }
    .render()
}
