//! The rooms in which people act: each form by the right person, by another, from another site, with a field too many, with
//! hostile words, and with the number of something that is not there.

use super::*;
use crate::handling::{Deed, Outcome, What};
use crate::incident::Category;
use crate::incident::event::Role;
use crate::reply::ReplyState;
use crate::store::{Answering, Decision, Seen, Sight};
use crate::user::token::Token;

mod acting;
pub(in crate::web) mod admin;
mod cases;
mod contacts;
mod disclosures;
mod inbox;
pub(in crate::web) mod plugins;
mod posts;
mod presence;
mod referrals;
mod replies;
mod reports;
mod restricted;
pub(in crate::web) mod sources;
mod submit;

/// Words that would be markup if anything let them.
const HOSTILE: &str = "<script>alert(1)</script>";

/// A desk with two incidents, and who comes to it.
struct Bureau {
    office: Arc<Office>,
    router: Router,
}

/// An answer of the desk.
struct Answered {
    status: u16,
    /// Where it leads.
    to: String,
    body: String,
}

impl Bureau {
    fn new() -> Self {
        let office = office();
        let tokeniser = Tokeniser::new();
        let texts = [("1", "城东农贸市场停水两天 <img src=x onerror=alert(1)>"), ("2", "公园的长椅坏了")];
        let batch = Batch {
            sweep: None,
            plugin: "feed".to_owned(),
            site: "bbs.example".to_owned(),
            captured: NOW,
            posts: texts.map(|(id, text)| prepared(&tokeniser, id, text)).to_vec(),
        };
        office.owner.clerk.store.ingest(batch).unwrap();
        let router = office.router();
        Self { office, router }
    }

    fn does(&self, token: &Token, act: What) -> Outcome {
        let deed = Deed { token: Some(token.clone()), act };
        self.office.owner.clerk.carry_out(deed, 1000).unwrap()
    }

    /// The first incident is a problem.
    fn assessed(&self) {
        let head = self.office.session(Role::Head);
        let version = self.office.owner.clerk.reader.standing(1).unwrap().unwrap().version;
        let decision = Decision::Assess { category: Category::Problem, level: None, reason: "供水".to_owned() };
        self.does(&head, What::Decide(Seen { id: 1, version: Some(version) }, decision));
    }

    async fn send(&self, request: Request<Body>) -> Answered {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let to = parts.headers.get("location").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
        let body = String::from_utf8_lossy(&to_bytes(body, 1 << 25).await.unwrap()).into_owned();
        Answered { status: parts.status.as_u16(), to, body }
    }

    async fn get(&self, token: &Token, path: &str) -> Answered {
        let cookie = format!("caifeng_session={}", token.written());
        self.send(asking(Method::GET, path, &[("cookie", &cookie), ("accept-language", "en")])).await
    }

    async fn post(&self, token: &Token, path: &str, form: &str) -> Answered {
        self.posted(token, path, form, ("same-origin", "application/x-www-form-urlencoded")).await
    }

    async fn posted(&self, token: &Token, path: &str, form: &str, (site, kind): (&str, &str)) -> Answered {
        let cookie = format!("caifeng_session={}", token.written());
        let fields =
            [("cookie", cookie.as_str()), ("sec-fetch-site", site), ("content-type", kind), ("accept-language", "en")];
        let mut request = asking(Method::POST, path, &fields);
        *request.body_mut() = Body::from(form.to_owned());
        self.send(request).await
    }

    /// A form with a file: fields, then what is in the file.
    async fn upload(&self, token: &Token, path: &str, fields: &[(&str, &str)], file: Option<&str>) -> Answered {
        let mut body = String::new();
        for (name, value) in fields {
            body.push_str(&format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
        }
        if let Some(bytes) = file {
            let head = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"../x.png\"\r\n\r\n";
            body.push_str(&format!("{head}{bytes}\r\n"));
        }
        body.push_str("--b--\r\n");
        self.posted(token, path, &body, ("same-origin", "multipart/form-data; boundary=b")).await
    }

    /// A form is for whom its line says, from our pages only, and knows its fields.
    async fn guards(&self, right: Role, other: Role, path: &str, form: &str) {
        let (right, other) = (self.office.session(right), self.office.session(other));
        assert_eq!(self.post(&other, path, form).await.status, 403, "{path}: another role");
        let elsewhere = ("cross-site", "application/x-www-form-urlencoded");
        assert_eq!(self.posted(&right, path, form, elsewhere).await.status, 403, "{path}: another site");
        let unknown = self.post(&right, path, &format!("{form}&colour=red")).await;
        assert_eq!(unknown.status, 422, "{path}: {}", unknown.body);
        let nobody = asking(Method::POST, path, &[("sec-fetch-site", "same-origin")]);
        assert_eq!(self.send(nobody).await.status, 401, "{path}: nobody");
    }
}

fn escaped(text: &str) -> String {
    text.replace('<', "&#60;").replace('>', "&#62;")
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
