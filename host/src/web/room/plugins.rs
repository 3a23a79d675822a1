//! `/plugins`: what is installed, and what it may do.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::sources::ground;
use crate::grant::Grants;
use crate::plugins::{Found, Origin};
use crate::web::desk::{Asked, Desk};
use crate::web::page::{self, Described, PluginRow};

/// `GET /plugins`.
pub(in crate::web) async fn list(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| Ok(page::plugins(visit, &ground(rows)?, &found(&ours))?)).await
}

/// The plugin files, with what each is or what is wrong with it.
pub(in crate::web) fn found(desk: &Desk) -> Vec<PluginRow> {
    let (registry, grants) = desk.app.owner.sweeper.plugins.now();
    let row = |found: &Found| PluginRow {
        file: found.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        shipped: found.origin == Origin::Shipped,
        what: found.artifact.as_ref().map_err(ToString::to_string).map(|artifact| {
            let manifest = artifact.manifest().as_ref().clone();
            let granted = Grants::right_at(&grants, artifact, found.origin, None).is_ok();
            let used = registry.find(&manifest.id).map(|(used, _)| used.path == found.path);
            Described {
                kind: artifact.kind(),
                digest: artifact.digest().to_string(),
                ungranted: !granted,
                replaced: !used.unwrap_or(false),
                manifest,
            }
        }),
    };
    registry.all().iter().map(row).collect()
}
