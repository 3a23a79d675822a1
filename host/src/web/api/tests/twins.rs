//! What the pages do, programs can do: each route of a page, beside the endpoint that does the same for the same people.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api;
use crate::web::api::endpoint::Endpoint;
use crate::web::routes;

/// What stands for a route of a page in the API.
#[derive(Clone, Copy, Debug)]
enum Twin {
    /// An endpoint by its name.
    Is(&'static str),
    /// One that does several things: its name, and that of the example that does this.
    Does(&'static str, &'static str),
    /// None, for a reason.
    None(&'static str),
}

use Twin::{Does, Is, None as Not};

const FORM: &str = "a form: what it sends has its own line";
const FILE: &str = "the same list as a file: a program has it as JSON";
const PERSON: &str = "how a person shows at a browser who they are; a program has a token";
const MACHINE: &str = "for machines already";
const STEP: &str = "one of the first steps: what it does has its own line in its room";

const TWINS: &[(&str, &str, Twin)] = &[
    ("GET", "/", Is("figures")),
    ("GET", "/wall", Is("listClocks")),
    ("GET", "/incidents", Is("listIncidents")),
    ("GET", "/incidents/{id}", Is("incident")),
    ("GET", "/posts", Is("listPosts")),
    ("GET", "/watches", Is("listWatches")),
    ("GET", "/repairs", Is("listRepairs")),
    ("GET", "/watches/new", Not(FORM)),
    ("GET", "/watches/preview", Not(FORM)),
    ("POST", "/watches/preview", Is("previewWatch")),
    ("POST", "/watches", Is("addWatch")),
    ("GET", "/watches/{id}", Is("watch")),
    ("POST", "/watches/{id}/edit", Is("changeWatch")),
    ("POST", "/watches/{id}/pause", Is("pauseWatch")),
    ("POST", "/watches/{id}/resume", Is("resumeWatch")),
    ("POST", "/watches/{id}/remove", Is("removeWatch")),
    ("POST", "/watches/{id}/sweep", Is("sweep")),
    ("GET", "/topics", Is("listTopics")),
    ("GET", "/topics/try", Not(FORM)),
    ("POST", "/topics/try", Is("tryTopics")),
    ("GET", "/topics/new", Not(FORM)),
    ("GET", "/topics/edit", Not(FORM)),
    ("POST", "/topics", Is("setTopic")),
    ("POST", "/topics/remove", Is("removeTopic")),
    ("GET", "/coverage", Is("coverage")),
    ("GET", "/sweeps", Is("listSweeps")),
    ("GET", "/sweeps.csv", Not(FILE)),
    ("GET", "/sweeps.xlsx", Not(FILE)),
    ("GET", "/sign-in", Not(PERSON)),
    ("POST", "/sign-in", Not(PERSON)),
    ("POST", "/sign-in/code", Not(PERSON)),
    ("POST", "/sign-out", Not(PERSON)),
    ("GET", "/set-up-password", Not(PERSON)),
    ("POST", "/set-up-password", Not(PERSON)),
    ("GET", "/account", Is("listTokens")),
    ("POST", "/account/end", Is("endToken")),
    ("POST", "/account/password", Not(PERSON)),
    ("GET", "/account/factor", Not(PERSON)),
    ("POST", "/account/factor", Not(PERSON)),
    ("POST", "/account/factor/end", Not(PERSON)),
    ("POST", "/account/programs", Is("makeToken")),
    ("POST", "/demo/enter", Not(PERSON)),
    ("POST", "/demo/leave", Not(PERSON)),
    ("GET", "/api", Not("it describes the API")),
    ("GET", "/api/v1/openapi.json", Not("it describes the API")),
    ("GET", "/assets/{file}", Not("what pages are made of")),
    ("GET", "/events", Not("tells open pages to read themselves again; programs are told by a webhook")),
    ("GET", "/feeds/{token}/{file}", Not(MACHINE)),
    ("GET", "/healthz", Not(MACHINE)),
    ("GET", "/readyz", Not(MACHINE)),
    ("GET", "/metrics", Not(MACHINE)),
    ("GET", "/inbox", Is("inbox")),
    ("POST", "/inbox/{id}/assess", Does("decide", "assess")),
    ("POST", "/inbox/{id}/dismiss", Does("decide", "dismiss")),
    ("POST", "/inbox/{id}/merge", Does("decide", "merge")),
    ("POST", "/inbox/{id}/snooze", Is("snooze")),
    ("POST", "/inbox/{id}/escalate", Does("decide", "escalate")),
    ("POST", "/inbox/{id}/undo", Is("undo")),
    ("POST", "/incidents/{id}/assess", Does("decide", "assess")),
    ("POST", "/incidents/{id}/level", Does("decide", "level")),
    ("POST", "/incidents/{id}/assign", Does("decide", "assign")),
    ("POST", "/incidents/{id}/step", Does("decide", "step")),
    ("POST", "/incidents/{id}/waive", Does("decide", "waive")),
    ("POST", "/incidents/{id}/send-back", Does("decide", "send-back")),
    ("POST", "/incidents/{id}/note", Does("decide", "note")),
    ("POST", "/incidents/{id}/acknowledge", Does("decide", "acknowledge")),
    ("POST", "/incidents/{id}/escalate", Does("decide", "escalate")),
    ("POST", "/incidents/{id}/restrict", Does("decide", "restrict")),
    ("POST", "/incidents/{id}/unrestrict", Does("decide", "unrestrict")),
    ("POST", "/incidents/{id}/pause", Does("decide", "pause")),
    ("POST", "/incidents/{id}/resume", Does("decide", "resume")),
    ("POST", "/incidents/{id}/close", Does("decide", "close")),
    ("POST", "/incidents/{id}/reopen", Does("decide", "reopen")),
    ("POST", "/incidents/{id}/dismiss", Does("decide", "dismiss")),
    ("POST", "/incidents/{id}/merge", Does("decide", "merge")),
    ("POST", "/incidents/{id}/split", Does("decide", "split")),
    ("POST", "/incidents/{id}/undo", Does("decide", "undo")),
    ("GET", "/replies", Is("listReplies")),
    ("GET", "/replies/{id}", Is("reply")),
    ("GET", "/incidents/{id}/replies/new", Not(FORM)),
    ("POST", "/incidents/{id}/replies", Does("answer", "draft")),
    ("GET", "/replies/{id}/edit", Not(FORM)),
    ("POST", "/replies/{id}/edit", Does("answer", "draft")),
    ("POST", "/replies/{id}/review", Does("answer", "review")),
    ("POST", "/replies/{id}/approve", Does("answer", "approve")),
    ("POST", "/replies/{id}/return", Does("answer", "return")),
    ("POST", "/replies/{id}/publish", Does("answer", "publish")),
    ("POST", "/replies/{id}/receipt", Does("keepReceipt", "document")),
    ("GET", "/submit", Not(FORM)),
    ("POST", "/submit", Does("submit", "text")),
    ("GET", "/reports", Is("listReports")),
    ("GET", "/reports/view", Is("report")),
    ("GET", "/reports/file", Is("report")),
    ("GET", "/reports/shelf/{name}", Is("shelvedReport")),
    ("GET", "/disclosures", Is("listDisclosures")),
    ("GET", "/disclosures/new", Not(FORM)),
    ("POST", "/disclosures", Does("disclose", "draft")),
    ("GET", "/disclosures/{id}", Is("disclosure")),
    ("GET", "/disclosures/{id}/edit", Not(FORM)),
    ("POST", "/disclosures/{id}/edit", Does("disclose", "edit")),
    ("POST", "/disclosures/{id}/review", Does("disclose", "review")),
    ("POST", "/disclosures/{id}/approve", Does("disclose", "approve")),
    ("POST", "/disclosures/{id}/return", Does("disclose", "return")),
    ("POST", "/disclosures/{id}/publish", Does("disclose", "publish")),
    ("POST", "/disclosures/{id}/receipt", Does("keepReceipt", "document")),
    ("POST", "/disclosures/{id}/drop", Does("disclose", "drop")),
    ("GET", "/summaries", Is("listSummaries")),
    ("GET", "/incidents/{id}/summaries/new", Not(FORM)),
    ("POST", "/incidents/{id}/summaries", Does("tellPublic", "draft")),
    ("GET", "/summaries/{id}/edit", Not(FORM)),
    ("POST", "/summaries/{id}/edit", Does("tellPublic", "redraft")),
    ("POST", "/summaries/{id}/approve", Does("tellPublic", "approve")),
    ("POST", "/summaries/{id}/withdraw", Does("tellPublic", "withdraw")),
    ("GET", "/public", Not("what everybody reads, also as data: /public/data.json")),
    ("GET", "/public/{file}", Not(MACHINE)),
    ("GET", "/incidents/{id}/referral", Is("listReferrals")),
    ("POST", "/incidents/{id}/referral", Does("refer", "propose")),
    ("POST", "/referrals/{id}/approve", Does("refer", "approve")),
    ("POST", "/referrals/{id}/refuse", Does("refer", "refuse")),
    ("POST", "/referrals/{id}/export", Is("exportReferral")),
    ("GET", "/cases", Is("listCases")),
    ("GET", "/cases/{id}", Is("case")),
    ("GET", "/cases/{id}/file", Is("caseFile")),
    ("GET", "/incidents/{id}/cases/new", Not(FORM)),
    ("POST", "/incidents/{id}/cases", Does("workOnCase", "make")),
    ("POST", "/cases/{id}/hide", Does("workOnCase", "correct")),
    ("POST", "/cases/{id}/check", Does("workOnCase", "check")),
    ("POST", "/cases/{id}/release", Does("workOnCase", "release")),
    ("POST", "/cases/{id}/drill", Is("setUpDrill")),
    ("GET", "/drills", Is("listDrills")),
    ("GET", "/drills/{name}", Is("drill")),
    ("POST", "/drills/advance", Is("advanceDrill")),
    ("POST", "/drills/inject", Is("injectIntoDrill")),
    ("GET", "/contacts", Is("listContacts")),
    ("GET", "/contacts/new", Not(FORM)),
    ("POST", "/contacts", Does("keepContact", "add")),
    ("GET", "/contacts/file", Is("contactsFile")),
    ("POST", "/contacts/import", Is("importContacts")),
    ("GET", "/contacts/{id}", Is("contact")),
    ("GET", "/contacts/{id}/edit", Not(FORM)),
    ("POST", "/contacts/{id}/edit", Does("keepContact", "edit")),
    ("POST", "/contacts/{id}/note", Does("keepContact", "note")),
    ("POST", "/contacts/{id}/link", Does("keepContact", "link")),
    ("POST", "/contacts/{id}/remove", Does("keepContact", "remove")),
    ("GET", "/documents/{digest}", Is("document")),
    ("GET", "/plugins", Is("listPlugins")),
    ("GET", "/admin", Is("listUsers")),
    ("GET", "/admin/users", Is("listUsers")),
    ("POST", "/admin/users", Does("changeUsers", "add")),
    ("GET", "/admin/users/code", Not(FORM)),
    ("POST", "/admin/users/code", Is("giveCode")),
    ("POST", "/admin/users/revoke", Does("changeUsers", "revoke")),
    ("POST", "/admin/users/roles", Does("changeUsers", "roles")),
    ("POST", "/admin/users/unit", Does("changeUsers", "unit")),
    ("POST", "/admin/users/factor", Does("changeUsers", "end-factor")),
    ("GET", "/admin/plan", Not("the plan is read by everybody who works by it: `plan`")),
    ("GET", "/admin/plan/check", Not(FORM)),
    ("POST", "/admin/plan/check", Is("checkPlan")),
    ("GET", "/admin/channels", Is("listChannels")),
    ("GET", "/admin/channels/try", Not(FORM)),
    ("POST", "/admin/channels/try", Is("tryChannel")),
    ("GET", "/admin/keeping", Is("retention")),
    ("POST", "/admin/keeping/retain", Is("retain")),
    ("GET", "/admin/audit", Is("listEntries")),
    ("GET", "/admin/audit/verify", Not(FORM)),
    ("POST", "/admin/audit/verify", Is("verifyRecord")),
    ("POST", "/admin/audit/checkpoint", Is("checkpoint")),
    ("GET", "/welcome", Is("organisation")),
    ("POST", "/welcome", Is("nameOrganisation")),
    ("GET", "/welcome/source", Not(STEP)),
    ("POST", "/welcome/source", Not(STEP)),
    ("POST", "/welcome/source/save", Not(STEP)),
    ("GET", "/welcome/topics", Is("suggestedTopics")),
    ("POST", "/welcome/topics", Is("adoptTopics")),
    ("GET", "/welcome/channels", Not(STEP)),
    ("GET", "/welcome/done", Not(STEP)),
    ("GET", "/incidents/{id}/record", Is("incidentRecord")),
    ("POST", "/posts/file", Not(FILE)),
    ("GET", "/searches", Is("listSearches")),
    ("POST", "/searches", Does("keepSearch", "keep")),
    ("GET", "/searches/{id}", Does("keepSearch", "open")),
    ("POST", "/searches/{id}/rename", Does("keepSearch", "rename")),
    ("POST", "/searches/{id}/remove", Does("keepSearch", "remove")),
    ("GET", "/sign-in/code", Not(FORM)),
    ("POST", "/sign-in/kept", Not(PERSON)),
    ("GET", "/sign-in/provider", Not(PERSON)),
    ("GET", "/sign-in/callback", Not(PERSON)),
    ("POST", "/account/end-others", Not(PERSON)),
    ("POST", "/demo/end", Not(PERSON)),
    ("POST", "/presence", Not("says that hands are on a form that is open; a program opens none")),
    ("POST", "/incidents/{id}/evidence", Is("exportEvidence")),
    ("POST", "/plugins", Is("offerPlugin")),
    ("GET", "/plugin-offer", Is("pluginOffer")),
    ("POST", "/plugin-offer/take", Is("takePlugin")),
    ("POST", "/plugin-offer/drop", Is("dropPlugin")),
    ("GET", "/plugins/{id}", Is("plugin")),
    ("POST", "/plugins/{id}/grant", Is("grantPlugin")),
    ("POST", "/plugins/{id}/resume", Is("resumePlugin")),
    ("POST", "/plugins/{id}/remove", Is("removePlugin")),
    ("POST", "/plugins/{id}/check", Is("tryPlugin")),
    ("POST", "/admin/users/identity", Does("changeUsers", "identity")),
    ("GET", "/admin/plan/propose", Not(FORM)),
    ("POST", "/admin/plan/propose", Is("proposePlan")),
    ("POST", "/admin/plan/adopt", Is("adoptPlan")),
    ("POST", "/admin/plan/drop", Is("dropPlan")),
    ("POST", "/admin/channels", Is("setChannel")),
    ("GET", "/admin/channels/form", Is("channel")),
    ("POST", "/admin/channels/remove", Is("removeChannel")),
    ("GET", "/admin/keeping/rules", Not(FORM)),
    ("POST", "/admin/keeping/rules", Is("setRetention")),
    ("GET", "/admin/keeping/days", Is("calendar")),
    ("POST", "/admin/keeping/days", Is("setDays")),
    ("GET", "/admin/backup", Is("backups")),
    ("POST", "/admin/backup", Is("makeBackup")),
    ("POST", "/admin/backup/take", Is("takeBackup")),
    ("POST", "/admin/backup/remove", Is("removeBackup")),
    ("GET", "/admin/audit/compare", Not(FORM)),
    ("POST", "/admin/audit/compare", Is("compareRecord")),
];

fn endpoints() -> BTreeMap<&'static str, Endpoint> {
    api::table().into_iter().map(|endpoint| (endpoint.described.id, endpoint)).collect()
}

/// The routes of pages.
fn pages() -> Vec<routes::Route> {
    let table = routes::table();
    table.into_iter().filter(|route| !route.path.starts_with("/api/v1/") || route.path.ends_with(".json")).collect()
}

fn twin(method: &str, path: &str) -> Option<Twin> {
    TWINS.iter().find(|(of, at, _)| *of == method && *at == path).map(|(_, _, twin)| *twin)
}

#[test]
fn each_route_of_a_page_has_its_line() {
    let (pages, endpoints) = (pages(), endpoints());
    let lacking: Vec<String> = pages
        .iter()
        .filter(|route| twin(route.method.as_str(), &route.path).is_none())
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert!(lacking.is_empty(), "give each an endpoint, or say why it has none: {lacking:?}");
    let there: BTreeSet<(String, String)> =
        pages.iter().map(|route| (route.method.to_string(), route.path.to_string())).collect();
    for (method, path, twin) in TWINS {
        assert!(there.contains(&((*method).to_owned(), (*path).to_owned())), "there is no {method} {path}");
        let known = match twin {
            Is(id) => endpoints.contains_key(id),
            Does(id, example) => {
                endpoints.get(id).is_some_and(|it| it.described.examples.iter().any(|(name, _)| name == example))
            }
            Not(why) => !why.is_empty(),
        };
        assert!(known, "{method} {path}: {twin:?}");
    }
}

/// The rights of which each lets somebody in.
fn acts(access: Access) -> Option<Vec<Act>> {
    match access {
        Access::Able(act) => Some(vec![act]),
        Access::AbleToAny(acts) => Some(acts.to_vec()),
        _ => None,
    }
}

#[test]
fn what_stands_for_a_page_is_for_the_same_people() {
    let endpoints = endpoints();
    for page in pages() {
        let Some(twin) = twin(page.method.as_str(), &page.path) else { continue };
        let place = format!("{} {}", page.method, page.path);
        match twin {
            Is(id) => assert_eq!(endpoints[id].access, page.access, "{place}: {id}"),
            // What exactly it lets somebody do is asked by the next test, example by example.
            Does(id, _) => {
                let (inner, outer) = (acts(page.access).unwrap(), acts(endpoints[id].access).unwrap());
                assert!(inner.iter().all(|act| outer.contains(act)), "{place}: {id}");
            }
            Not(_) => {}
        }
    }
}

/// Whoever may not press the button may not send the deed either; whoever may is not turned away at the door.
#[tokio::test]
async fn a_deed_is_refused_to_whom_its_button_is_not_shown() {
    let (program, endpoints) = (Program::new(), endpoints());
    program.submitted().await;
    let mut asked = 0;
    for page in pages().iter().filter(|page| page.method == "POST") {
        let (id, example) = match twin("POST", &page.path) {
            Some(Does(id, example)) => (id, Some(example)),
            Some(Is(id)) => (id, None),
            _ => continue,
        };
        let endpoint = &endpoints[id];
        if endpoint.method != "POST" {
            continue;
        }
        let examples = endpoint.described.examples;
        let (_, body) = example.map_or(examples[0], |name| *examples.iter().find(|(it, _)| *it == name).unwrap());
        let body: Value = serde_json::from_str(body).unwrap();
        for role in Role::ALL {
            let shown = page.access.admits(Some(&[role]), false, false).is_ok();
            let path = endpoint.path["/api/v1".len()..].replace("{id}", "1");
            let (status, told) = program.post(&path, &program.session(role), &body).await;
            let place = format!("{} as {}: {status} {told}", page.path, role.as_str());
            let door = status == 403 && told["detail"].as_str().unwrap().starts_with("your roles do not include this");
            assert_eq!(door, !shown, "{place}");
            assert!(!status.is_server_error(), "{place}");
            asked += 1;
        }
    }
    assert!(asked > 600, "{asked}");
}

/// An example that nobody could send helps nobody.
#[tokio::test]
async fn every_example_is_understood() {
    let program = Program::new();
    program.submitted().await;
    for endpoint in endpoints().values() {
        let able = Role::ALL.into_iter().find(|role| endpoint.access.admits(Some(&[*role]), false, false).is_ok());
        let token = program.session(able.unwrap());
        let path = endpoint.path["/api/v1".len()..].replace("{id}", "1");
        for (name, example) in endpoint.described.examples {
            let (status, told) = if endpoint.method == "GET" {
                let query: String = example.split('&').map(encoded_pair).collect::<Vec<_>>().join("&");
                program.get(&format!("{path}?{query}"), &token).await
            } else {
                program.post(&path, &token, &serde_json::from_str(example).unwrap()).await
            };
            let place = format!("{} {name}: {status} {told}", endpoint.described.id);
            let unread = told["detail"].as_str().is_some_and(|why| why.starts_with("the body is not understood"));
            assert!(!unread && status != 400 && status != 415 && !status.is_server_error(), "{place}");
        }
        assert!(endpoint.method == "GET" || !endpoint.described.examples.is_empty(), "{}", endpoint.described.id);
    }
}

fn encoded_pair(pair: &str) -> String {
    let (name, value) = pair.split_once('=').unwrap();
    url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()
}
