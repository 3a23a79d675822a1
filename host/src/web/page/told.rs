//! 提醒: the newest notices to people, in the product (P7), and whether they leave.

use super::tight;
use crate::notify::words::{Voice, link, waiting};
use crate::plan::Plan;
use crate::store::{NoticeRow, OutboxHealth};
use crate::web::lang::Lang;
use crate::web::when::{Clockface, Stamp};
use jiff::tz::TimeZone;

/// Seconds that a notice may wait before the page says so: as long as it takes to go to the next channel.
const PATIENCE: i64 = 60;

/// Notices, newest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct ToldRows {
    /// The notices.
    pub(crate) newest: Vec<NoticeRow>,
    /// Whether they leave.
    pub(crate) health: OutboxHealth,
}

/// The list.
pub(super) struct ToldView {
    pub(super) newest: Vec<NoticeLine>,
    pub(super) waiting: Option<String>,
}

/// A notice, told.
pub(super) struct NoticeLine {
    pub(super) id: i64,
    pub(super) href: String,
    pub(super) sentence: String,
    pub(super) at: Stamp,
    pub(super) urgent: Option<String>,
}

impl ToldView {
    /// Nothing before anything was told.
    pub(super) fn new(rows: &ToldRows, plan: &Plan, zone: &TimeZone, face: &Clockface, lang: Lang) -> Option<Self> {
        let voice = Voice { lang, zone, plan };
        let line = |row: &NoticeRow| NoticeLine {
            id: row.id,
            href: link("", &row.notice),
            sentence: tight(&voice.sentence(&row.notice, &row.known)),
            at: face.stamp(row.at),
            urgent: row.notice.urgent.then(|| lang.t("notify.mark-urgent")),
        };
        let OutboxHealth { waiting: count, oldest } = rows.health;
        let late = oldest.map(|oldest| face.now() - oldest).filter(|age| *age > PATIENCE);
        let view =
            Self { newest: rows.newest.iter().map(line).collect(), waiting: late.map(|age| waiting(lang, count, age)) };
        (!view.newest.is_empty()).then_some(view)
    }
}
