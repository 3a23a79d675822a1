//! Watches and their health.

use askama::Template;
use caifeng_plugin_host::contract::Timestamp;

use super::service::ServiceView;
use super::{Frame, Rendered, Room, Tab, Visit, tabs};
use crate::coverage::Cause as Gap;
use crate::coverage::words::keys;
use crate::permission::Permission;
use crate::schedule::Reason;
use crate::store::ServiceRow;
use crate::store::model::{Figures, WatchRow};
use crate::watch::Sweep;
use crate::web::coverage::{Cause, Coverage, Health};
use crate::web::lang::Lang;
use crate::web::mark::line;
use crate::web::trend::{Bar, bars};
use crate::web::when::{Clockface, Stamp};

/// A watch with its recent sweeps, oldest first.
#[derive(Clone, Debug)]
pub(crate) struct SweptWatch {
    /// The watch.
    pub(crate) row: WatchRow,
    /// At most [`SWEEPS`] sweeps.
    pub(crate) sweeps: Vec<Sweep>,
}

/// Sweeps that a sparkline shows.
pub(crate) const SWEEPS: usize = 24;

/// A watch, told.
pub(super) struct WatchView {
    pub(super) name: String,
    /// Where all of it is.
    pub(super) href: Option<String>,
    pub(super) target: String,
    /// Of an account: whose it is, and why it is watched.
    pub(super) registered: Option<String>,
    pub(super) standing: String,
    pub(super) tone: &'static str,
    pub(super) heard: Option<Stamp>,
    pub(super) due: Option<Stamp>,
    /// Why it is due then.
    pub(super) why: Option<String>,
    pub(super) posts: String,
    pub(super) skipped: Option<String>,
    pub(super) trouble: Option<TroubleView>,
    pub(super) spark: Option<Spark>,
}

pub(super) struct TroubleView {
    pub(super) cause: String,
    pub(super) detail: Option<String>,
    pub(super) step: String,
}

/// Recent sweeps as a picture with its sentence.
pub(super) struct Spark {
    pub(super) sentence: String,
    pub(super) bars: Vec<Bar>,
    /// Left edge of the cross of each failed sweep.
    pub(super) failed: Vec<String>,
}

impl WatchView {
    pub(super) fn new(swept: &SweptWatch, face: &Clockface, lang: Lang) -> Self {
        let row = &swept.row;
        let health = Health::of(row, face.now());
        let (standing, tone) = match health {
            Health::Heard => ("health.heard", "heard"),
            Health::Waiting => ("health.waiting", "waiting"),
            Health::Late => ("health.late", "silent"),
            Health::Halted => ("health.halted", "silent"),
            Health::Failing(_) => ("health.failing", "silent"),
        };
        let standing = match health {
            Health::Failing(_) => lang.count(standing, u64::from(row.failing)),
            _ => lang.t(standing),
        };
        let skipped = row.last.as_ref().map_or(0, |s| s.tally.skipped);
        Self {
            name: row.watch.id.clone(),
            href: None,
            target: line(row.target(), 120),
            registered: row.watch.registered.as_ref().map(|it| {
                let (whose, why) = (line(&it.organisation, 60), line(&it.reason, 120));
                lang.with("watch.registered", &[("organisation", &whose), ("reason", &why)])
            }),
            standing,
            tone,
            heard: row.heard.map(|at| face.stamp(at)),
            due: row.due.filter(|_| row.halted.is_none()).map(|at| face.stamp(at)),
            why: row.why.filter(|_| row.due.is_some() && row.halted.is_none()).map(|why| reason(why, lang)),
            posts: lang.count("count.posts", row.posts),
            skipped: (skipped > 0).then(|| lang.count("watch.skipped", skipped)),
            trouble: trouble(row, health, lang),
            spark: spark(&swept.sweeps, lang),
        }
    }
}

fn trouble(row: &WatchRow, health: Health, lang: Lang) -> Option<TroubleView> {
    let (cause, detail, step) = match health {
        Health::Heard | Health::Waiting => return None,
        Health::Late => {
            let (cause, step) = keys(row.gap.unwrap_or(Gap::Late));
            (cause, None, step)
        }
        Health::Halted => ("cause.halted", row.halted.clone(), "step.halted"),
        Health::Failing(Cause::Interrupted) => ("cause.interrupted", None, "step.interrupted"),
        Health::Failing(Cause::Known(kind)) => {
            let (cause, step) = keys(Gap::Failed(kind));
            let detail = row.last.as_ref().and_then(|s| s.tally.failures.first());
            (cause, detail.map(|f| f.detail.clone()), step)
        }
    };
    Some(TroubleView {
        cause: lang.t(cause),
        detail: detail.map(|d| line(&d, 240)).filter(|d| !d.is_empty()),
        step: lang.t(step),
    })
}

/// Why a watch is swept when it is.
fn reason(why: Reason, lang: Lang) -> String {
    match why {
        Reason::First => lang.t("schedule.first"),
        Reason::Rhythm { daily } => lang.count("schedule.rhythm", daily.into()),
        Reason::Lively { daily } => lang.count("schedule.lively", daily.into()),
        Reason::Growing { id } => lang.with("schedule.growing", &[("id", &id)]),
        Reason::Incident { id } => lang.with("schedule.incident", &[("id", &id)]),
        Reason::FollowUp { id, .. } => lang.with("schedule.follow-up", &[("id", &id)]),
        Reason::Failing { .. } => lang.t("schedule.failing"),
        Reason::Waiting => lang.t("schedule.waiting"),
        Reason::Gone => lang.t("schedule.gone"),
        Reason::Unsupported => lang.t("schedule.unsupported"),
    }
}

fn spark(sweeps: &[Sweep], lang: Lang) -> Option<Spark> {
    let recent = &sweeps[sweeps.len().saturating_sub(SWEEPS)..];
    let failed = |s: &Sweep| !s.tally.failures.is_empty();
    // A newcomer's sweeps stand at the right, where later ones will push them left.
    let mut values = vec![0; SWEEPS - recent.len()];
    values.extend(recent.iter().map(|s| s.tally.new));
    let all = bars(&values, 96, 20);
    let told = all.iter().skip(SWEEPS - recent.len()).zip(recent);
    let mut picture = Spark { sentence: String::new(), bars: Vec::new(), failed: Vec::new() };
    for (bar, sweep) in told {
        if failed(sweep) {
            picture.failed.push(bar.x.clone());
        } else if sweep.tally.new == 0 {
            // Swept and nothing new: a foot, so that quiet differs from silence.
            picture.bars.push(Bar { y: "18.5".into(), h: "1.5".into(), ..bar.clone() });
        } else {
            picture.bars.push(bar.clone());
        }
    }
    if recent.is_empty() {
        return None;
    }
    let sum = recent.iter().map(|s| s.tally.new).sum();
    let missed = u64::try_from(picture.failed.len()).unwrap_or(u64::MAX);
    picture.sentence = lang.with(
        "watch.spark",
        &[
            ("sweeps", &recent.len()),
            ("posts", &lang.count("count.new-posts", sum)),
            ("failed", &lang.count("count.failed", missed)),
        ],
    );
    Some(picture)
}

/// Silent ones first, otherwise in the order of their names.
pub(crate) fn order(watches: &mut [WatchRow], now: Timestamp) {
    watches.sort_by(|a, b| {
        let rank = |w: &WatchRow| Health::of(w, now).rank();
        rank(a).cmp(&rank(b)).then_with(|| a.watch.id.cmp(&b.watch.id))
    });
}

/// Watches in the order given.
pub(super) fn told(watches: &[SweptWatch], face: &Clockface, lang: Lang) -> Vec<WatchView> {
    watches.iter().map(|w| WatchView::new(w, face, lang)).collect()
}

/// What to do when nothing is watched.
pub(super) fn no_watches(lang: Lang) -> Vec<String> {
    vec![lang.t("watches.none"), lang.t("watches.none-step")]
}

#[derive(Template)]
#[template(path = "watches.html")]
struct WatchesPage {
    frame: Frame,
    tabs: Vec<Tab>,
    lead: String,
    watches: Vec<WatchView>,
    no_watches: Vec<String>,
    permitted: Vec<PermittedView>,
    services: Vec<ServiceView>,
    may_keep: bool,
}

/// A host at which robots.txt is not asked, told.
struct PermittedView {
    host: String,
    since: Stamp,
    reason: String,
}

/// The page of all watches.
pub(crate) fn watches(
    visit: &Visit,
    figures: Figures,
    swept: &[SweptWatch],
    permissions: &[Permission],
    services: &[ServiceRow],
) -> Rendered {
    let lang = visit.lang;
    let heard = Coverage::of(swept.iter().map(|swept| &swept.row), visit.now);
    let frame = Frame::covering(visit, Some(Room::Watches), lang.t("watches.title"), figures, heard);
    let lead = format!("{}{}", lang.t("watches.promise"), lang.t("list.stop"));
    let mut watches = told(swept, &frame.face, lang);
    watches.iter_mut().for_each(|watch| watch.href = Some(format!("/watches/{}", watch.name)));
    let permitted = permissions.iter().map(|permission| PermittedView {
        host: permission.host.clone(),
        since: frame.face.stamp(permission.since),
        reason: permission.reason.as_deref().map_or_else(|| lang.t("watches.no-reason"), |reason| line(reason, 240)),
    });
    WatchesPage {
        tabs: tabs(lang, "/watches"),
        lead,
        watches,
        no_watches: no_watches(lang),
        permitted: permitted.collect(),
        services: services.iter().map(|service| ServiceView::new(service, lang)).collect(),
        may_keep: visit.keeps_watches(),
        frame,
    }
    .render()
}
