//! What the daemon does besides sweeping: it rings clocks, tells which disclosures are overdue, lets go of what is kept
//! no longer, once a day, visits posts of open incidents again, judges what grows and fades, asks services about posts,
//! writes the regular reports that the plan wants, and sends notices.
//!
//! Only clocks and the calendar ring in a demo: a recording is shown as it is, and cannot be visited. No way leads out
//! of it.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};

use super::assembly::Switchboard;
use crate::asking::Asking;
use crate::current::Current;
use crate::lang::Lang;
use crate::notify::dispatcher::Dispatcher;
use crate::plan::Plan;
use crate::reporting::{Setting, shelf};
use crate::sweep::{Sweeper, blocking};

/// From the start to the first work of a day: a daemon that was just started has better things to do.
const SETTLED: Duration = Duration::from_secs(10 * 60);
/// From one work of a day to the next.
const DAILY: Duration = Duration::from_secs(24 * 60 * 60);
/// How often posts that are due to be visited, and subjects that are due to be judged, are looked for.
const ROUND: Duration = Duration::from_secs(60);
/// How often clocks are looked at.
const SECOND: Duration = Duration::from_secs(1);
/// How often questions for services are looked for.
const ASKING: Duration = Duration::from_secs(5);
/// Posts that one round visits: what is left waits for the next, so that sweeps never wait long for a host.
const VISITS: usize = 20;

/// What came of a round; `None` after a fault of our own, which must not end the rounds after it.
async fn survived<T>(what: &str, round: impl Future<Output = T>) -> Option<T> {
    match AssertUnwindSafe(round).catch_unwind().await {
        Ok(outcome) => Some(outcome),
        Err(_panic) => {
            tracing::error!("{what} ended with a fault of caifeng itself, please report what the log says before this");
            None
        }
    }
}

/// Lets go of what is kept no longer, once a day, for ever.
pub(super) async fn retain_daily(sweeper: Sweeper) {
    if sweeper.shift.is_some() {
        return;
    }
    tokio::time::sleep(SETTLED).await;
    let mut daily = tokio::time::interval(DAILY);
    loop {
        daily.tick().await;
        while retained(&sweeper).await > 0 {
            tokio::time::sleep(ROUND).await;
        }
    }
}

/// Does the work of a day; how many files must be looked at again.
async fn retained(sweeper: &Sweeper) -> u64 {
    let (keeper, now) = (sweeper.keeper(), sweeper.clock.now());
    match survived("letting go of what is kept no longer", blocking(move || keeper.run(now))).await {
        Some(Ok(released)) => {
            tracing::info!(?released, "let go of what is kept no longer");
            released.later
        }
        Some(Err(error)) => {
            tracing::error!("what is kept no longer is still there: {error}");
            0
        }
        None => 0,
    }
}

/// Ticks at once and then so often; a round that took longer puts off the next instead of hurrying it.
fn every(period: Duration) -> Interval {
    let mut rounds = tokio::time::interval(period);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    rounds
}

/// Lets clocks tell what they have to tell, each at its second, for ever: also in a demo, whose clock runs on.
pub(super) async fn ring_clocks(sweeper: Sweeper) {
    let mut seconds = every(SECOND);
    loop {
        seconds.tick().await;
        let (reader, store, clock) = (sweeper.reader.clone(), sweeper.store.clone(), Arc::clone(&sweeper.clock));
        let rung = blocking(move || {
            let now = clock.now();
            // Most seconds have nothing to tell, and the writer is not asked.
            if reader.next_ring()?.is_none_or(|next| next > now) { Ok(Vec::new()) } else { store.ring(now) }
        });
        match survived("the ringing of clocks", rung).await {
            Some(Ok(rung)) if rung.is_empty() => {}
            // Nobody was there when those of a recorded month ran out.
            Some(Ok(rung)) if sweeper.shift.is_some() => tracing::info!(clocks = rung.len(), "recorded clocks ring"),
            Some(Ok(rung)) => {
                rung.iter().for_each(|(incident, event)| tracing::warn!(incident, ?event, "a clock rings"));
            }
            Some(Err(error)) => tracing::error!("clocks cannot tell what they have to tell: {error}"),
            None => {}
        }
    }
}

/// Tells which disclosures should have been published and are not, each due day once, for ever.
pub(super) async fn tell_overdue(sweeper: Sweeper) {
    let mut rounds = every(ROUND);
    loop {
        rounds.tick().await;
        let (reader, store, clock) = (sweeper.reader.clone(), sweeper.store.clone(), Arc::clone(&sweeper.clock));
        let told = blocking(move || {
            let now = clock.now();
            if reader.next_overdue()?.is_none_or(|next| next > now) { Ok(Vec::new()) } else { store.tell_overdue(now) }
        });
        match survived("the calendar of disclosures", told).await {
            Some(Ok(told)) => {
                told.iter().for_each(|disclosure| tracing::warn!(disclosure, "a disclosure is overdue"));
            }
            Some(Err(error)) => tracing::error!("overdue disclosures cannot be told: {error}"),
            None => {}
        }
    }
}

/// Judges incidents and topics as they fall due, for ever: what fades does so without a sweep.
pub(super) async fn judge_growth(sweeper: Sweeper) {
    if sweeper.shift.is_some() {
        return;
    }
    let mut rounds = every(ROUND);
    loop {
        rounds.tick().await;
        let (store, zone, now) = (sweeper.store.clone(), sweeper.zone.clone(), sweeper.clock.now());
        let judged = survived("judging what grows", blocking(move || store.judge(now, &zone))).await;
        if let Some(Err(error)) = judged {
            tracing::error!("what grows was not judged: {error}");
        }
    }
}

/// Visits posts of open incidents again as they fall due, for ever.
pub(super) async fn visit_again(sweeper: Sweeper) {
    if sweeper.shift.is_some() {
        return;
    }
    let mut rounds = every(ROUND);
    loop {
        rounds.tick().await;
        if let Some(Err(error)) = survived("visiting posts again", sweeper.visit_due(VISITS)).await {
            tracing::error!("posts were not visited again: {error}");
        }
    }
}

/// Asks services about posts, for ever. A round ends with the plugins that it began with.
pub(super) async fn ask_services(mut asking: Asking, switchboard: Option<Switchboard>) {
    let Some(mut switchboard) = switchboard else { return };
    let mut rounds = every(ASKING);
    loop {
        rounds.tick().await;
        let asked = asking.clone();
        let (back, changed) = blocking(move || {
            let changed = switchboard.changed(&asked);
            (switchboard, changed)
        })
        .await;
        switchboard = back;
        match changed {
            Ok(next) => asking = next.unwrap_or(asking),
            Err(error) => tracing::error!("services are asked as before: {error}"),
        }
        if let Some(Err(error)) = survived("asking services", asking.round()).await {
            tracing::error!("services were not asked: {error}");
        }
    }
}

/// What regular reports are written with.
pub(super) struct Press {
    /// Where they lie.
    pub(super) folder: PathBuf,
    /// Who reports.
    pub(super) organisation: String,
    /// Which, when, for whom.
    pub(super) plan: Current<Plan>,
}

/// Writes regular reports as they fall due (P23), for ever, and takes down those that are older than the posts they
/// quote may be.
pub(super) async fn write_reports(sweeper: Sweeper, press: Option<Press>) {
    let Some(Press { folder, organisation, plan }) = press else { return };
    let mut rounds = every(ROUND);
    loop {
        rounds.tick().await;
        let (reader, now, zone) = (sweeper.reader.clone(), sweeper.clock.now(), sweeper.zone.clone());
        let setting = Setting {
            organisation: organisation.clone(),
            zone: zone.clone(),
            plan: (*plan.get()).clone(),
            lang: Lang::Zh,
            now,
            number: None,
        };
        let (folder, kept) = (folder.clone(), sweeper.retention.get().matched.seconds());
        let written = survived(
            "the writing of reports",
            blocking(move || {
                let written = shelf::write_due(&reader, &folder, &setting);
                let oldest = jiff::Timestamp::from_second(now - kept).unwrap_or_default().to_zoned(zone).date();
                if let Err(error) = shelf::clear(&folder, oldest) {
                    tracing::error!("old reports are still there: {}: {error}", folder.display());
                }
                written
            }),
        )
        .await;
        match written {
            Some(Ok(paths)) => paths.iter().for_each(|path| tracing::info!("a report was written: {}", path.display())),
            Some(Err(error)) => tracing::error!("a report was not written: {error}"),
            None => {}
        }
    }
}

/// Chooses the ways of notices, for ever.
pub(super) async fn route_notices(dispatcher: Dispatcher) {
    let mut seconds = every(SECOND);
    loop {
        seconds.tick().await;
        if let Some(Err(error)) = survived("choosing the ways of notices", dispatcher.route()).await {
            tracing::error!("notices wait: {error}");
        }
    }
}

/// Sends what waits, for ever: each channel that is configured now has a line of its own, so that one that hangs makes no
/// other wait.
pub(super) async fn send_notices(dispatcher: Dispatcher) {
    let mut seconds = every(SECOND);
    let (mut lines, mut served) = (JoinSet::new(), HashSet::new());
    loop {
        seconds.tick().await;
        while let Some(ended) = lines.try_join_next() {
            if let Ok(channel) = ended {
                served.remove(&channel);
            }
        }
        for channel in &dispatcher.routes.get().channels {
            if served.insert(channel.id.clone()) {
                lines.spawn(send_along(dispatcher.clone(), channel.id.clone()));
            }
        }
    }
}

/// Sends what waits for one channel until it is not configured any more; which one that was.
async fn send_along(dispatcher: Dispatcher, channel: String) -> String {
    let mut seconds = every(SECOND);
    while dispatcher.routes.get().channel(&channel).is_some() {
        seconds.tick().await;
        if let Some(Err(error)) = survived("sending notices", dispatcher.round(&channel)).await {
            tracing::error!(channel, "notices wait: {error}");
        }
    }
    channel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_round_that_panics_is_not_the_last() {
        let panics = |yes: bool| async move { blocking(move || assert!(!yes, "a fault")).await };
        assert_eq!(survived("a test", panics(true)).await, None);
        assert_eq!(survived("a test", panics(false)).await, Some(()));
    }
}
