//! What is done about an incident on its page.

use super::*;

#[tokio::test]
async fn every_form_is_for_its_people_from_our_pages_and_knows_its_fields() {
    let bureau = Bureau::new();
    let reason = "version=0&reason=x";
    for act in ["pause", "resume", "close", "dismiss"] {
        bureau.guards(Role::Head, Role::Staff, &format!("/incidents/1/{act}"), reason).await;
    }
    for (act, form) in [
        ("assess", "version=0&category=problem&reason=x"),
        ("level", "version=0&level=iv&reason=x"),
        ("assign", "version=0&user=x"),
        ("waive", "version=0&step=x&reason=x"),
        ("send-back", "version=0&step=x&reason=x"),
    ] {
        bureau.guards(Role::Head, Role::Staff, &format!("/incidents/1/{act}"), form).await;
    }
    for (act, form) in
        [("reopen", reason), ("merge", "version=0&into=2"), ("split", "version=0&post=1"), ("undo", "version=0")]
    {
        bureau.guards(Role::Monitor, Role::Staff, &format!("/incidents/1/{act}"), form).await;
    }
    bureau.guards(Role::Staff, Role::System, "/incidents/1/note", "text=x").await;
    bureau.guards(Role::Staff, Role::System, "/incidents/1/escalate", reason).await;
}

#[tokio::test]
async fn an_incident_is_handled_on_its_page_and_hostile_words_are_words() {
    let bureau = Bureau::new();
    bureau.assessed();
    let (head, staff) = (bureau.office.session(Role::Head), bureau.office.session(Role::Staff));
    for (path, form) in [
        ("/incidents/1/level", "version=1&level=iv&reason=x"),
        ("/incidents/1/pause", "version=2&reason=x"),
        ("/incidents/1/resume", "version=3&reason=x"),
    ] {
        let done = bureau.post(&head, path, form).await;
        assert_eq!((done.status, done.to.as_str()), (303, "/incidents/1"), "{path}: {}", done.body);
    }
    let noted = bureau.post(&staff, "/incidents/1/note", &format!("text={}", encoded(HOSTILE))).await;
    assert_eq!(noted.status, 303, "{}", noted.body);
    let page = bureau.get(&head, "/incidents/1").await.body;
    assert!(page.contains(&escaped(HOSTILE)) && !page.contains(HOSTILE), "{page}");
    assert!(page.contains("/incidents/1/pause") && page.contains("class=\"checklist\""), "{page}");
    let page = bureau.get(&staff, "/incidents/1").await.body;
    assert!(!page.contains("/incidents/1/pause") && page.contains("/incidents/1/note"), "{page}");
    let stale = bureau.post(&head, "/incidents/1/dismiss", "version=1&reason=x").await;
    assert!(stale.status == 409 && stale.body.contains("Somebody else has decided"), "{}", stale.body);
}

/// The posts of the bureau's first incident are an emergency, whose steps staff may do.
fn emergency(bureau: &Bureau) {
    let head = bureau.office.session(Role::Head);
    let decision = Decision::Assess { category: Category::Emergency, level: None, reason: "停水".to_owned() };
    bureau.does(&head, What::Decide(Seen { id: 1, version: Some(0) }, decision));
}

/// A form with several files, each with the name of its field.
async fn hand_in(bureau: &Bureau, token: &Token, fields: &[(&str, &str)], files: &[(&str, &str)]) -> Answered {
    let mut body = String::new();
    for (name, value) in fields {
        body.push_str(&format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    for (name, bytes) in files {
        let head = format!("content-disposition: form-data; name=\"{name}\"; filename=\"../<b>.png\"");
        body.push_str(&format!("--b\r\n{head}\r\n\r\n{bytes}\r\n"));
    }
    body.push_str("--b--\r\n");
    let kind = ("same-origin", "multipart/form-data; boundary=b");
    bureau.posted(token, "/incidents/1/step", &body, kind).await
}

#[tokio::test]
async fn a_step_takes_several_files_and_keeps_each_before_the_record_names_it() {
    let bureau = Bureau::new();
    emergency(&bureau);
    let staff = bureau.office.session(Role::Staff);
    let fields = [("version", "1"), ("step", "on-site"), ("note", "三人到场")];
    let eleven: Vec<(&str, String)> = (0..11).map(|n| ("file", format!("x{n}"))).collect();
    let eleven: Vec<(&str, &str)> = eleven.iter().map(|(name, bytes)| (*name, bytes.as_str())).collect();
    assert_eq!(hand_in(&bureau, &staff, &fields, &eleven).await.status, 413, "ten at most");
    let large = "x".repeat(crate::web::form::LARGEST + 1);
    assert_eq!(hand_in(&bureau, &staff, &fields, &[("file", &large)]).await.status, 413, "each has its limit");
    assert_eq!(hand_in(&bureau, &staff, &fields, &[("picture", "x")]).await.status, 422, "a field that is not ours");
    assert_eq!(hand_in(&bureau, &staff, &fields, &[("consent", "x")]).await.status, 422, "nobody's consent");
    assert!(bureau.office.owner.clerk.reader.standing(1).unwrap().unwrap().steps.is_empty());
    let done = hand_in(&bureau, &staff, &fields, &[("file", "one"), ("file", ""), ("file", "two")]).await;
    assert_eq!((done.status, done.to.as_str()), (303, "/incidents/1"), "{}", done.body);
    let page = bureau.get(&staff, "/incidents/1").await.body;
    let kept: Vec<&str> = page.split("href=\"/documents/").skip(1).map(|rest| &rest[..64]).collect();
    assert_eq!(kept.len(), 2, "{page}");
    for digest in kept {
        assert!(crate::handling::document::is_kept(&bureau.office.owner.clerk.directory.documents(), digest));
    }
    assert!(page.contains("file 1") && page.contains("file 2"), "{page}");
}

#[tokio::test]
async fn evidence_is_taken_as_one_archive_after_the_record_says_so_and_leaves_nothing_behind() {
    let bureau = Bureau::new();
    bureau.guards(Role::Monitor, Role::Staff, "/incidents/1/evidence", "").await;
    let [legal, staff] = [Role::Legal, Role::Staff].map(|role| bureau.office.session(role));
    assert_eq!(bureau.post(&legal, "/incidents/9/evidence", "").await.status, 404);
    let handed = |bureau: &Bureau| {
        let history = bureau.office.owner.clerk.reader.history(1).unwrap();
        history
            .into_iter()
            .filter_map(|one| match one.event {
                crate::incident::event::Event::HandedOut { sha256 } => Some(sha256),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    // What was guarded above was let through once, for a monitor.
    let before = handed(&bureau).len();
    let cookie = format!("caifeng_session={}", legal.written());
    let fields = [
        ("cookie", cookie.as_str()),
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept-encoding", "gzip"),
    ];
    let answer = bureau.router.clone().oneshot(asking(Method::POST, "/incidents/1/evidence", &fields)).await.unwrap();
    assert_eq!(answer.status(), 200);
    let field = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(field("content-type").as_deref(), Some("application/zip"));
    assert_eq!(field("content-disposition").as_deref(), Some("attachment; filename=\"incident-1.zip\""));
    assert_eq!(field("content-encoding"), None, "it is compressed already");
    let length: usize = field("content-length").unwrap().parse().unwrap();
    let bytes = to_bytes(answer.into_body(), 1 << 24).await.unwrap();
    assert_eq!(bytes.len(), length);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    names.sort();
    let all = ["incident-1.events.jsonl", "incident-1.html", "incident-1.warc.gz", "incident-1.warc.gz.sha256"];
    assert_eq!(names, all);
    let mut sums = String::new();
    std::io::Read::read_to_string(&mut archive.by_name("incident-1.warc.gz.sha256").unwrap(), &mut sums).unwrap();
    let recorded = handed(&bureau);
    assert_eq!(recorded.len(), before + 1);
    assert!(sums.contains(recorded.last().unwrap()), "the record names what was handed out: {sums}");
    let left = crate::handling::handout::left(&bureau.office.owner.clerk.directory).unwrap();
    assert!(left.is_empty(), "{left:?}");
    let page = bureau.get(&legal, "/incidents/1").await.body;
    assert!(page.contains("evidence was handed out") && page.contains("/incidents/1/evidence"), "{page}");
    assert!(!bureau.get(&staff, "/incidents/1").await.body.contains("/incidents/1/evidence"));
}

#[tokio::test]
async fn the_record_of_an_incident_is_verified_on_a_page_of_its_own() {
    let bureau = Bureau::new();
    bureau.assessed();
    let staff = bureau.office.session(Role::Staff);
    let page = bureau.get(&staff, "/incidents/1/record").await.body;
    assert!(page.contains("entries are what was chained") && page.contains("assessed"), "{page}");
    assert!(!page.contains("<img src=x") && page.contains("&#60;img src=x"), "a title is text");
    assert_eq!(bureau.get(&staff, "/incidents/9/record").await.status, 404);
}

/// What an incident leads to is offered to whom it is open, prefilled.
#[tokio::test]
async fn the_room_leads_to_what_can_be_begun_for_it() {
    let bureau = Bureau::new();
    bureau.assessed();
    let [head, spokesperson, trainer] =
        [Role::Head, Role::Spokesperson, Role::Trainer].map(|role| bureau.office.session(role));
    let page = bureau.get(&spokesperson, "/incidents/1").await.body;
    for link in ["/incidents/1/replies/new", "/disclosures/new?answers=1", "/incidents/1/summaries/new"] {
        assert!(page.contains(link), "{link}: {page}");
    }
    for other in ["/incidents/1/referral", "/incidents/1/cases/new"] {
        assert!(!page.contains(other), "criticism is not referred, and what is open is no case: {other}");
    }
    let legal = bureau.office.session(Role::Legal);
    let page = bureau.get(&legal, "/incidents/1").await.body;
    assert!(!page.contains("/incidents/1/referral"), "nor to whom may propose one: {page}");
    let page = bureau.get(&trainer, "/incidents/1").await.body;
    assert!(!page.contains("/incidents/1/replies/new") && !page.contains("/disclosures/new?"), "{page}");
    let form = bureau.get(&spokesperson, "/disclosures/new?answers=1").await.body;
    assert!(form.contains("name=\"answers\" inputmode=\"numeric\" value=\"1\""), "{form}");
    assert!(form.contains("value=\"answer\" selected"), "{form}");
    for (address, status) in [("9", 404), ("x", 400), ("1&colour=red", 400)] {
        assert_eq!(bureau.get(&head, &format!("/disclosures/new?answers={address}")).await.status, status, "{address}");
    }
    let text = format!("form=comment&channel=site&text={}", encoded(&format!("停水已恢复 {HOSTILE}")));
    let channel = crate::plan::Plan::built_in().channels[0].id.clone();
    let form = crate::plan::Plan::built_in().channels[0].form[0].as_str();
    let text = text.replace("site", &channel).replace("comment", form);
    let drafted = bureau.post(&spokesperson, "/incidents/1/replies", &text).await;
    assert_eq!(drafted.status, 303, "{}", drafted.body);
    let page = bureau.get(&head, "/incidents/1").await.body;
    assert!(page.contains("href=\"/replies/1\"") && page.contains(&escaped(HOSTILE)) && !page.contains(HOSTILE));
    assert_eq!(
        page.matches("class=\"go\"").count() + page.matches("button go\"").count(),
        0,
        "nothing is the head's to do"
    );
    let staff = bureau.office.session(Role::Staff);
    let page = bureau.get(&staff, "/incidents/1").await.body;
    assert_eq!(page.matches("button go\"").count(), 1, "one filled button: the next step: {page}");
}
