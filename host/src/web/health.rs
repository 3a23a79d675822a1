//! `/healthz` and `/readyz`, for whoever restarts and routes.
//!
//! Alive means that this process answers. Ready means that the store answers, that it
//! can write (a full disk ends that, space and the next posts bring it back) and that
//! the scheduler has looked at its watches within [`PULSE`]; a site that is silent
//! does not make the daemon unready, the page shows it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use caifeng_plugin_host::contract::Timestamp;
use serde_json::{Value, json};

use super::desk::Desk;
use crate::store::OutboxHealth;

/// Seconds within which the scheduler must have looked at its watches.
const PULSE: i64 = 120;

/// `GET /healthz`.
pub(super) async fn healthz() -> Response {
    Json(json!({ "status": "alive", "version": env!("CARGO_PKG_VERSION") })).into_response()
}

/// `GET /readyz`: 200, or 503 with the reasons.
pub(super) async fn readyz(State(desk): State<Arc<Desk>>) -> Response {
    let rows = Arc::clone(&desk.app.rows);
    let store = match tokio::task::spawn_blocking(move || rows.figures()).await {
        Ok(Ok(_)) => None,
        Ok(Err(unanswered)) => Some(unanswered.to_string()),
        Err(_) => Some("store does not answer: the reader failed".to_owned()),
    };
    let written = (desk.app.writable)().map(|why| format!("store cannot write: {why}"));
    let now = (desk.app.clock)();
    let scheduler = stopped(desk.app.pulse.load(Ordering::Relaxed), now);
    let notices = notices(&desk, now).await;
    let reasons: Vec<String> = store.into_iter().chain(written).chain(scheduler).collect();
    if reasons.is_empty() {
        return Json(json!({ "status": "ready", "notices": notices })).into_response();
    }
    let body = Json(json!({ "status": "not ready", "reasons": reasons, "notices": notices }));
    (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
}

/// How many notices wait to be sent and for how long the oldest has; nothing where the store does not answer. A channel that
/// takes nothing makes the daemon no less ready.
async fn notices(desk: &Arc<Desk>, now: Timestamp) -> Value {
    let rows = Arc::clone(&desk.app.rows);
    match tokio::task::spawn_blocking(move || rows.outbox_health(now)).await {
        Ok(Ok(OutboxHealth { waiting, oldest })) => {
            json!({ "waiting": waiting, "oldest_seconds": oldest.map(|oldest| now.saturating_sub(oldest)) })
        }
        _ => Value::Null,
    }
}

fn stopped(pulse: Timestamp, now: Timestamp) -> Option<String> {
    let silent = now.saturating_sub(pulse);
    (silent > PULSE).then(|| {
        if pulse == 0 {
            "scheduler has not started".to_owned()
        } else {
            format!("scheduler stands still: {silent} s since it last looked at its watches")
        }
    })
}
