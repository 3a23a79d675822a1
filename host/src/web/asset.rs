//! The style sheet, the scripts and the icon, compiled in.
//!
//! Pages name them with a version made from their bytes, so a browser may keep
//! them for ever and still never shows a page with yesterday's style.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

const FILES: [(&str, &str, &str); 10] = [
    ("desk.css", "text/css; charset=utf-8", include_str!("../../assets/desk.css")),
    ("paper.css", "text/css; charset=utf-8", include_str!("../document/paper.css")),
    ("page.js", "text/javascript; charset=utf-8", include_str!("../../assets/page.js")),
    ("keys.js", "text/javascript; charset=utf-8", include_str!("../../assets/keys.js")),
    ("live.js", "text/javascript; charset=utf-8", include_str!("../../assets/live.js")),
    ("decide.js", "text/javascript; charset=utf-8", include_str!("../../assets/decide.js")),
    ("write.js", "text/javascript; charset=utf-8", include_str!("../../assets/write.js")),
    ("search.js", "text/javascript; charset=utf-8", include_str!("../../assets/search.js")),
    ("drafts.js", "text/javascript; charset=utf-8", include_str!("../../assets/drafts.js")),
    ("icon.svg", "image/svg+xml", include_str!("../../assets/icon.svg")),
];

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for (_, _, text) in FILES {
        hash.update(text.as_bytes());
    }
    hash.finalize().iter().take(4).map(|b| format!("{b:02x}")).collect()
});

/// The first 32 bits of the hash over all assets.
pub(super) fn version() -> &'static str {
    &VERSION
}

/// `GET /assets/{file}`.
pub(super) async fn asset(Path(file): Path<String>) -> Response {
    let Some((_, kind, text)) = FILES.iter().find(|(name, _, _)| *name == file) else {
        return (StatusCode::NOT_FOUND, "no such file\n").into_response();
    };
    let headers = [(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, *text).into_response()
}
