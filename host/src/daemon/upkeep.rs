//! What the daemon does besides sweeping: it lets go of what is kept no longer, once a day,
//! and visits posts of open incidents again.
//!
//! Neither happens in a demo: a recording is shown as it is, and cannot be visited.

use std::time::Duration;

use crate::sweep::{Sweeper, blocking};

/// From the start to the first work of a day: a daemon that was just started has better things to do.
const SETTLED: Duration = Duration::from_secs(10 * 60);
/// From one work of a day to the next.
const DAILY: Duration = Duration::from_secs(24 * 60 * 60);
/// How often posts that are due are looked for.
const ROUND: Duration = Duration::from_secs(60);
/// Posts that one round visits: what is left waits for the next, so that sweeps never wait long for a host.
const VISITS: usize = 20;

/// Lets go of what is kept no longer, once a day, for ever.
pub(super) async fn retain_daily(sweeper: Sweeper) {
    if sweeper.shift.is_some() {
        return;
    }
    tokio::time::sleep(SETTLED).await;
    let mut daily = tokio::time::interval(DAILY);
    loop {
        daily.tick().await;
        let (keeper, now) = (sweeper.keeper(), sweeper.clock.now());
        match blocking(move || keeper.run(now)).await {
            Ok(released) => tracing::info!(?released, "let go of what is kept no longer"),
            Err(error) => tracing::error!("what is kept no longer is still there: {error}"),
        }
    }
}

/// Visits posts of open incidents again as they fall due, for ever.
pub(super) async fn visit_again(sweeper: Sweeper) {
    if sweeper.shift.is_some() {
        return;
    }
    let mut rounds = tokio::time::interval(ROUND);
    rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        if let Err(error) = sweeper.visit_due(VISITS).await {
            tracing::error!("posts were not visited again: {error}");
        }
    }
}
