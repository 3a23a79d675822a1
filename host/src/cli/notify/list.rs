//! `caifeng notify list` and `show`: notices, and what became of them.

use anyhow::anyhow;
use caifeng::clock::rfc3339;
use caifeng::incident::IncidentId;
use caifeng::lang::Lang;
use caifeng::notify::NoticeId;
use caifeng::notify::words::Voice;
use caifeng::store::{DeliveryRow, NoticeRow, OutboxQuery};
use serde_json::{Value, json};

use super::{Desk, PlaceArgs};
use crate::cli::output::Lines;
use crate::cli::{Exit, OrExit, Outcome};

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Only those that wait to be sent
    #[arg(long)]
    waiting: bool,
    /// Only those about this incident
    #[arg(long, value_name = "ID")]
    incident: Option<IncidentId>,
    /// Older than the notice of this number
    #[arg(long, value_name = "ID")]
    before: Option<NoticeId>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    /// The notice, by the number that list prints
    id: NoticeId,
    #[command(flatten)]
    place: PlaceArgs,
}

impl Desk {
    fn sentence(&self, lang: Lang, row: &NoticeRow) -> String {
        Voice { lang, zone: &self.zone, plan: &self.plan }.sentence(&row.notice, &row.known)
    }

    fn line(&self, row: &NoticeRow) -> String {
        let urgent = if row.notice.urgent { "!" } else { " " };
        format!("{} {urgent} {}  {}  [{}]", row.id, rfc3339(row.at), self.sentence(self.lang, row), standing(row))
    }

    fn json(&self, row: &NoticeRow) -> Value {
        json!({
            "id": row.id, "at": rfc3339(row.at), "what": row.notice.occasion.as_str(), "notice": row.notice,
            "words": { "zh-CN": self.sentence(Lang::Zh, row), "en": self.sentence(Lang::En, row) },
            "routed": row.routed,
            "deliveries": row.deliveries.iter().map(delivery_json).collect::<Vec<_>>(),
        })
    }
}

fn delivery_json(row: &DeliveryRow) -> Value {
    let mut shown = json!(row);
    for key in ["since", "due", "ended"] {
        shown[key] = shown[key].as_i64().map(rfc3339).into();
    }
    shown
}

/// What became of a notice, in a few words.
fn standing(row: &NoticeRow) -> String {
    if !row.routed {
        return "waits for caifeng serve".to_owned();
    }
    if row.deliveries.is_empty() {
        return "here only".to_owned();
    }
    let told = row.deliveries.iter().map(|delivery| format!("{} {}", delivery.to.channel, delivery.state.as_str()));
    told.collect::<Vec<_>>().join(", ")
}

pub(super) fn list(args: &ListArgs) -> Outcome {
    let desk = Desk::open(&args.place)?;
    let ListArgs { waiting, incident, before, limit, .. } = *args;
    let rows = desk.reader()?.outbox(&OutboxQuery { incident, waiting, before, limit }).or_exit(Exit::Internal)?;
    let mut lines = Lines::new();
    for row in &rows {
        let printed = if args.place.json { lines.json(&desk.json(row)) } else { lines.text(desk.line(row)) };
        printed.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

pub(super) fn show(args: &ShowArgs) -> Outcome {
    let desk = Desk::open(&args.place)?;
    let row = desk.reader()?.notice(args.id).or_exit(Exit::Internal)?;
    let row = row.ok_or_else(|| anyhow!("no such notice: {}", args.id)).or_exit(Exit::Usage)?;
    let mut lines = Lines::new();
    if args.place.json {
        lines.json(&desk.json(&row)).or_exit(Exit::Internal)?;
    } else {
        lines.text(desk.line(&row)).or_exit(Exit::Internal)?;
        for delivery in &row.deliveries {
            lines.text(delivery_line(delivery)).or_exit(Exit::Internal)?;
        }
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn delivery_line(row: &DeliveryRow) -> String {
    let DeliveryRow { to, state, since, due, tries, again, ended, code, why } = row;
    let address = if to.address.is_empty() { String::new() } else { format!(" {}", to.address) };
    let own = to.user.as_ref().map_or_else(String::new, |user| format!(" (own address of {user})"));
    let when = match ended {
        Some(ended) => format!("at {}", rfc3339(*ended)),
        None if *tries == 0 => format!("since {}", rfc3339(*since)),
        None => format!("next at {}", rfc3339(*due)),
    };
    let again = if *again { ", possibly repeated" } else { "" };
    let code = code.map_or_else(String::new, |code| format!(" ({code})"));
    let why = why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    format!("  {}{address}{own}  {}{code} {when}, {tries} tries{again}{why}", to.channel, state.as_str())
}
