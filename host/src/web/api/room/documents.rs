//! `/submissions` and `/documents`: what staff hand in, and the files that show something.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::control::{Asked as Order, Line, Refusal};
use crate::hand::submit::{Receipt, Submission};
use crate::hand::{HandIn, Handing, Told};
use crate::handling::document;
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, Pending, get, post, wait};
use crate::web::api::file::{Content, File};
use crate::web::api::listed::{Named, Nothing};
use crate::web::api::problem::Problem;
use crate::web::desk::Attached;
use crate::web::form;
use crate::web::routes::WORK;

pub(super) fn table() -> Vec<Endpoint> {
    let submitting = Access::Able(Act::Submit);
    vec![
        wait("/submissions", submitting, ("submit", "Hand in a page or a text that somebody saw"), submit).like(&[
("text", r#"{"what": {"text": {"text": "城东路灯坏了三天没人修", "title": null, "url": null, "source": "热线", "published": null}}, "note": null}"#),
("page", r#"{"what": {"page": "https://bbs.example/thread-1.html"}, "note": "有人转给我的"}"#),
]),
        post("/documents", submitting, ("keepDocument", "Keep a file; what it shows names it by its digest"), keep).like(&[
("keep", r#"{"content": "5pS26K6i"}"#),
])
            .with_file(),
        get("/documents/{id}", WORK, ("document", "A file that is kept, by its digest"), kept),
    ]
}

fn handed(line: Line) -> Option<Receipt> {
    match line {
        Line::Handed(told) => match *told {
            Told::Receipt(receipt) => Some(receipt),
            _ => None,
        },
        _ => None,
    }
}

fn submit(call: Call, _: Nothing, submission: Submission) -> Pending<Receipt> {
    Box::pin(async move {
        let token = call.visitor.token.clone();
        call.order(Order::HandIn(HandIn { token, handing: Handing::Submission(submission) }), handed).await
    })
}

/// A file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keeping {
    /// What is in it; 16 MiB at most.
    content: Content,
}

/// A file that is kept.
#[derive(Debug, Serialize, JsonSchema)]
struct Digest {
    /// Its SHA-256, in hex.
    digest: String,
    /// What a text writes to cite it.
    mark: String,
}

fn keep(call: &Call, _: Nothing, Keeping { content: Content(bytes) }: Keeping) -> Result<Digest, Problem> {
    if bytes.is_empty() {
        return Err(Problem::Unfit("content: an empty file shows nothing".to_owned()));
    }
    if bytes.len() > form::LARGEST {
        return Err(Problem::TooLarge);
    }
    let kept = document::keep_bytes(&call.clerk().directory.documents(), &bytes);
    let digest = kept.map_err(|error| Refusal::Internal(format!("the file cannot be kept: {error}")))?;
    Ok(Digest { mark: format!("[doc:{}]", &digest[..16]), digest })
}

fn kept(call: &Call, Named { id }: Named) -> Result<File, Problem> {
    let folder = call.clerk().directory.documents();
    if !document::is_kept(&folder, &id) {
        return Err(Problem::Missing);
    }
    let bytes = std::fs::read(document::place(&folder, &id)).map_err(|_| Problem::Missing)?;
    let kind = document::picture(&bytes).unwrap_or("application/octet-stream");
    Ok(Attached { kind, name: format!("{}.bin", &id[..16]), bytes }.into())
}
