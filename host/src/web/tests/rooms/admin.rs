//! 管理: the plan by two people, channels with secrets that never come back, what is kept, backups, the record.

use std::os::unix::fs::PermissionsExt as _;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::sources::{FILE, House, every};
use super::*;
use crate::plan::Plan;
use crate::store::{EntryQuery, StoreError};

impl House {
    /// Kinds of the newest entries of the record.
    fn kinds(&self) -> Vec<String> {
        let page = self.bureau.office.owner.clerk.reader.entries(&every()).unwrap();
        page.entries.iter().map(crate::store::EventRow::kind).collect()
    }

    /// All of the record, as it lies there.
    fn whole_record(&self) -> String {
        let page = self.bureau.office.owner.clerk.reader.entries(&every()).unwrap();
        page.entries.iter().map(|entry| format!("{} {}\n", entry.actor, entry.body)).collect()
    }

    fn beside(&self, name: &str) -> std::path::PathBuf {
        self.file.with_file_name(name)
    }
}

#[tokio::test]
async fn every_form_is_for_its_people_from_our_pages_and_knows_its_fields() {
    let house = House::new();
    let (system, head, audit) = (Role::System, Role::Head, Role::Audit);
    let rules = "seen=a&deed=look&unmatched=7d&matched=180d&evidence=7d&contact_notes=365d&records=180d";
    for (right, path, form) in [
        (system, "/admin/plan/propose", "text=a&seen=b&reason=c"),
        (head, "/admin/plan/adopt", "plan=a"),
        (head, "/admin/plan/drop", "plan=a"),
        (system, "/admin/channels", "kind=wecom&id=a"),
        (system, "/admin/channels/remove", "id=a"),
        (system, "/admin/keeping/rules", rules),
        (system, "/admin/keeping/days", "year=2027&source=a&off=&work="),
        (system, "/admin/backup", ""),
        (system, "/admin/backup/take", "file=a"),
        (system, "/admin/backup/remove", "file=a"),
        (audit, "/admin/audit/compare", ""),
        (system, "/plugins", ""),
        (system, "/plugin-offer/take", "seen=a"),
        (system, "/plugin-offer/drop", ""),
        (system, "/plugins/feed/grant", "seen=a"),
        (system, "/plugins/feed/resume", ""),
        (system, "/plugins/feed/remove", ""),
        (system, "/plugins/feed/check", "seen=a"),
    ] {
        house.bureau.guards(right, Role::Monitor, path, form).await;
    }
    let changed = ["plan-", "plugin-", "backup-", "configuration-", "secrets-", "retention-"];
    let kinds = house.kinds();
    assert!(kinds.iter().all(|kind| changed.iter().all(|head| !kind.starts_with(head))), "{kinds:?}");
    assert_eq!(house.text(), FILE);
}

/// The built-in plan with another due time.
pub(in crate::web) fn other_plan() -> String {
    let text = Plan::built_in().text();
    assert!(text.contains("due = \"5h\""));
    text.replacen("due = \"5h\"", "due = \"4h\"", 1)
}

#[tokio::test]
async fn one_person_writes_a_plan_and_another_puts_it_into_force() {
    let house = House::new();
    let bureau = &house.bureau;
    let owner = &bureau.office.owner;
    let (system, head) = (bureau.office.session(Role::System), bureau.office.session(Role::Head));
    let in_force = || owner.clerk.store.plan_in_force().unwrap().digest();
    let before = in_force();
    let form = |text: &str, seen: &str| {
        format!("text={}&seen={seen}&reason={}", encoded(text), encoded(&format!("局务会决定 {HOSTILE}")))
    };
    let page = bureau.get(&system, "/admin/plan").await;
    assert!(
        page.body.contains(&format!("name=\"seen\" value=\"{before}\"")) && page.body.contains("due = &#34;5h&#34;")
    );
    // What does not hold together comes back as it was typed, with its places, and changes nothing.
    let broken = other_plan().replacen("category = \"problem\"", "category = \"none-such\"", 1);
    let refused = bureau.post(&system, "/admin/plan/propose", &form(&broken, &before)).await;
    assert!(refused.status == 422 && refused.body.contains("plan.toml:") && refused.body.contains("none-such"));
    assert!(refused.body.contains("due = &#34;4h&#34;") && refused.body.contains("局务会决定"), "kept as it was typed");
    assert_eq!(owner.clerk.reader.plan_proposal().unwrap(), None);
    let outdated = bureau.post(&system, "/admin/plan/propose", &form(&other_plan(), &"0".repeat(64))).await;
    assert_eq!(outdated.status, 409, "another plan is in force than the one that was seen");
    let text = owner.setup.plan.get().text().to_owned();
    assert_eq!(bureau.post(&system, "/admin/plan/propose", &form(&text, &before)).await.status, 409, "the very one");
    let nameless = format!("text={}&seen={before}", encoded(&other_plan()));
    assert_eq!(bureau.post(&system, "/admin/plan/propose", &nameless).await.status, 422, "it has a reason");
    assert_eq!(bureau.post(&system, "/admin/plan/propose", &form(&other_plan(), &before)).await.to, "/admin/plan");
    assert_eq!(in_force(), before, "proposed, not in force");
    let digest = owner.clerk.reader.plan_proposal().unwrap().unwrap().plan;
    let page = bureau.get(&head, "/admin/plan").await;
    assert!(page.body.contains("clock.authoritative.due: 5h → 4h") && !page.body.contains(HOSTILE), "{}", page.body);
    assert!(page.body.contains("/admin/plan/adopt") && !page.body.contains("/admin/plan/propose"));
    assert!(bureau.get(&head, "/").await.body.contains("A plan waits to be put into force"));
    assert!(!bureau.get(&system, "/admin/plan").await.body.contains("/admin/plan/adopt"));
    // Whatever a route lets through: the store asks for another person.
    let caller = crate::store::Caller { token: Some(system.clone()), account: 1000 };
    let own = owner.clerk.store.adopt_plan(&caller, digest.clone(), NOW);
    assert!(matches!(own, Err(StoreError::Denied(_))), "{own:?}");
    assert_eq!(bureau.post(&head, "/admin/plan/adopt", &format!("plan={digest}")).await.to, "/admin/plan");
    assert_eq!(in_force(), digest);
    assert_eq!(std::fs::read_to_string(house.beside("plan.toml")).unwrap(), other_plan());
    assert_eq!(owner.setup.plan.get().digest(), digest);
    let page = bureau.get(&head, "/admin/plan").await;
    assert!(page.body.contains("due = &#34;4h&#34;") && !page.body.contains("proposed-title"), "what is shown governs");
    assert_eq!(bureau.post(&head, "/admin/plan/adopt", &format!("plan={digest}")).await.status, 409, "once");
    assert_eq!(house.kinds()[..2], ["plan-adopted", "plan-proposed"]);
    assert!(!house.whole_record().contains("局务会"), "the record holds no words");
}

#[tokio::test]
async fn a_plan_that_somebody_changed_by_hand_is_not_written_over_and_a_proposal_is_dropped() {
    let house = House::new();
    let bureau = &house.bureau;
    let (system, head) = (bureau.office.session(Role::System), bureau.office.session(Role::Head));
    let seen = bureau.office.owner.setup.plan.get().digest();
    let form = format!("text={}&seen={seen}&reason=x", encoded(&other_plan()));
    assert_eq!(bureau.post(&system, "/admin/plan/propose", &form).await.to, "/admin/plan");
    let digest = bureau.office.owner.clerk.reader.plan_proposal().unwrap().unwrap().plan;
    std::fs::write(house.beside("plan.toml"), "# mine").unwrap();
    let refused = bureau.post(&head, "/admin/plan/adopt", &format!("plan={digest}")).await;
    assert!(refused.status == 409 && refused.body.contains("by hand"), "{}", refused.body);
    assert_eq!(std::fs::read_to_string(house.beside("plan.toml")).unwrap(), "# mine");
    assert_eq!(bureau.post(&head, "/admin/plan/drop", &format!("plan={digest}")).await.to, "/admin/plan");
    assert_eq!(bureau.office.owner.clerk.reader.plan_proposal().unwrap(), None);
    assert_eq!(house.kinds()[..2], ["plan-dropped", "plan-proposed"]);
}

const KEY: &str = "693a91f6-7xxx-4bc4-97a0";

#[tokio::test]
async fn a_channel_is_added_with_a_key_that_no_page_record_or_file_but_one_shows() {
    let house = House::new();
    let bureau = &house.bureau;
    let system = bureau.office.session(Role::System);
    for kind in ["wecom", "dingtalk", "feishu", "mail", "webhook"] {
        assert_eq!(bureau.get(&system, &format!("/admin/channels/form?kind={kind}")).await.status, 200, "{kind}");
    }
    assert_eq!(bureau.get(&system, "/admin/channels/form?kind=pigeon").await.status, 404);
    let form = |was: &str, more: &str| format!("kind=wecom&was={was}&id=duty&tell=monitor&tell=head{more}");
    let short = bureau.post(&system, "/admin/channels", &form("", "&secret-key=short")).await;
    assert!(
        short.status == 422 && short.body.contains("at least 8 characters") && short.body.contains("value=\"duty\"")
    );
    let quiet = bureau.post(&system, "/admin/channels", &form("", "&quiet=22-7")).await;
    assert!(quiet.status == 422 && quiet.body.contains("hours of quiet"), "{}", quiet.body);
    let other = bureau.post(&system, "/admin/channels", &form("", "&secret-password=12345678")).await;
    assert_eq!(other.status, 422, "a robot has no password");
    assert_eq!(house.text(), FILE, "nothing is changed by what was refused");
    assert!(!house.beside("secrets.toml").exists());
    let saved = bureau.post(&system, "/admin/channels", &form("", &format!("&secret-key={KEY}"))).await;
    assert_eq!(saved.to, "/admin/channels", "{}", saved.body);
    assert!(house.text().starts_with("# kept\n") && house.text().contains("[[notify.channel]]\nid = \"duty\""));
    let secrets = house.beside("secrets.toml");
    assert_eq!(std::fs::read_to_string(&secrets).unwrap(), format!("[notify.duty]\nkey = \"{KEY}\"\n"));
    assert_eq!(std::fs::metadata(&secrets).unwrap().permissions().mode() & 0o777, 0o600);
    let owner = &bureau.office.owner;
    assert!(owner.setup.routes.get().channel("duty").is_some(), "in force");
    assert_eq!(house.kinds()[..2], ["secrets-changed", "configuration-changed"]);
    for path in ["/admin/channels", "/admin/channels/form?id=duty"] {
        let page = bureau.get(&system, path).await;
        assert!(page.status == 200 && !page.body.contains(KEY), "{path}");
    }
    assert!(!house.whole_record().contains(KEY) && !house.text().contains(KEY));
    assert!(!format!("{owner:?}").contains(KEY), "nothing prints it");
    // It is changed without its key, which stays.
    let page = bureau.get(&system, "/admin/channels/form?id=duty").await.body;
    let seen = page.split("name=\"seen\" value=\"").nth(1).unwrap()[..12].to_owned();
    let changed = bureau.post(&system, "/admin/channels", &form("duty", &format!("&seen={seen}&per_minute=3"))).await;
    assert_eq!(changed.to, "/admin/channels", "{}", changed.body);
    assert!(house.text().contains("per_minute = 3") && std::fs::read_to_string(&secrets).unwrap().contains(KEY));
    let outdated = bureau.post(&system, "/admin/channels", &form("duty", &format!("&seen={seen}"))).await;
    assert_eq!(outdated.status, 409);
    assert_eq!(bureau.post(&system, "/admin/channels/remove", "id=duty").await.to, "/admin/channels");
    assert_eq!(house.text(), FILE);
    assert_eq!(std::fs::read_to_string(&secrets).unwrap(), "", "its key went with it");
    assert!(owner.setup.routes.get().channel("duty").is_none());
}

#[tokio::test]
async fn a_secret_that_others_could_read_is_told_of_and_nothing_is_changed() {
    let house = House::new();
    let secrets = house.beside("secrets.toml");
    std::fs::write(&secrets, "[weibo]\naccess-token = \"2.00abcdefgh\"\n").unwrap();
    std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o644)).unwrap();
    let system = house.bureau.office.session(Role::System);
    let form = format!("kind=wecom&id=duty&tell=monitor&secret-key={KEY}");
    let refused = house.bureau.post(&system, "/admin/channels", &form).await;
    assert!(refused.status == 409 && refused.body.contains("chmod 600") && !refused.body.contains("2.00abc"));
    assert_eq!(house.text(), FILE);
}

/// Whether this is a request with all of its body.
fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

/// A robot's server that takes one message; what it was asked.
async fn robot() -> (std::net::SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        // All of it is read: what is left unread would break the line before the answer has arrived.
        while !is_whole(&String::from_utf8_lossy(&heard)) {
            let mut piece = [0; 4096];
            let read = stream.read(&mut piece).await.unwrap();
            heard.extend(&piece[..read]);
        }
        let body = "{\"errcode\":0,\"errmsg\":\"ok\"}";
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&heard).into_owned()
    });
    (address, asked)
}

#[tokio::test]
async fn a_channel_is_tried_at_once_with_the_key_that_was_just_typed() {
    let (address, asked) = robot().await;
    let house = House::of(&format!("[network]\nprivate = [\"{address}\"]\n"), &[]);
    let system = house.bureau.office.session(Role::System);
    let place = encoded(&format!("http://{address}/send"));
    let form = format!("kind=wecom&id=duty&tell=monitor&endpoint={place}&secret-key={KEY}");
    assert_eq!(house.bureau.post(&system, "/admin/channels", &form).await.to, "/admin/channels");
    let tried = house.bureau.post(&system, "/admin/channels/try", "channel=duty").await;
    assert!(tried.status == 200 && tried.body.contains("duty · was taken"), "{}", tried.body);
    let heard = asked.await.unwrap();
    assert!(heard.starts_with(&format!("POST /send?key={KEY} ")), "{heard}");
}

#[tokio::test]
async fn what_another_rule_would_let_go_of_is_told_before_it_holds() {
    let house = House::new();
    let bureau = &house.bureau;
    let tokeniser = Tokeniser::new();
    let batch = Batch {
        sweep: None,
        plugin: "feed".to_owned(),
        site: "bbs.example".to_owned(),
        captured: NOW - 3 * 86_400,
        posts: vec![Prepared { topics: None, ..prepared(&tokeniser, "1", "无关的一条") }],
    };
    bureau.office.owner.clerk.store.ingest(batch).unwrap();
    let system = bureau.office.session(Role::System);
    let page = bureau.get(&system, "/admin/keeping").await.body;
    let seen = page.split("name=\"seen\" value=\"").nth(1).unwrap()[..12].to_owned();
    let form = |deed: &str, unmatched: &str, records: &str| {
        format!(
            "seen={seen}&deed={deed}&unmatched={unmatched}&matched=180d&evidence=7d&contact_notes=365d&records={records}"
        )
    };
    assert!(!page.contains("value=\"save\""), "nothing is saved before it was looked at");
    let looked = bureau.post(&system, "/admin/keeping/rules", &form("look", "36h", "180d")).await;
    assert!(looked.status == 200 && looked.body.contains("1 post more goes than now"), "{}", looked.body);
    assert!(looked.body.contains("value=\"save\"") && looked.body.contains("value=\"36h\""));
    let calm = bureau.post(&system, "/admin/keeping/rules", &form("look", "30d", "180d")).await;
    assert!(calm.body.contains("No post goes that would not go anyway"), "{}", calm.body);
    let floor = bureau.post(&system, "/admin/keeping/rules", &form("save", "36h", "179d")).await;
    assert!(floor.status == 422 && floor.body.contains("at least 180 days") && floor.body.contains("value=\"36h\""));
    assert_eq!(house.text(), FILE);
    assert_eq!(bureau.post(&system, "/admin/keeping/rules", &form("save", "36h", "180d")).await.to, "/admin/keeping");
    assert!(house.text().contains("unmatched = \"36h\""), "{}", house.text());
    assert_eq!(bureau.office.owner.sweeper.keeper().rules.unmatched.seconds(), 36 * 3600, "in force");
    assert_eq!(
        bureau.post(&system, "/admin/keeping/rules", &form("save", "48h", "180d")).await.status,
        409,
        "outdated"
    );
}

#[tokio::test]
async fn days_of_a_year_are_added_beside_what_comes_with_the_program() {
    let house = House::new();
    let system = house.bureau.office.session(Role::System);
    let form = |off: &str| format!("year=2027&source={}&off={}&work=2027-02-07", encoded("国办通知"), encoded(off));
    let wrong = house.bureau.post(&system, "/admin/keeping/days", &form("2027-02-30")).await;
    assert!(wrong.status == 422 && wrong.body.contains("not days of one year") && wrong.body.contains("国办通知"));
    assert!(!house.beside("calendar.toml").exists());
    let saved = house.bureau.post(&system, "/admin/keeping/days", &form("2027-01-01\r\n2027-02-08/2027-02-12")).await;
    assert_eq!(saved.to, "/admin/keeping", "{}", saved.body);
    let text = std::fs::read_to_string(house.beside("calendar.toml")).unwrap();
    assert!(text.contains("off = [\"2027-01-01\", \"2027-02-08/2027-02-12\"]"), "{text}");
    let calendar = house.bureau.office.owner.setup.calendar.get();
    let day = |month, day| jiff::civil::date(2027, month, day);
    assert!(!calendar.is_worked(day(2, 9)) && calendar.is_worked(day(2, 7)), "in force");
    assert!(calendar.notice(2026).is_some(), "what comes with the program still holds");
    assert!(house.bureau.get(&system, "/admin/keeping").await.body.contains("2027-02-08"));
}

#[tokio::test]
async fn a_backup_is_made_aside_listed_taken_and_removed_and_holds_no_key() {
    let house = House::new();
    let bureau = &house.bureau;
    let system = bureau.office.session(Role::System);
    std::fs::write(house.beside("secrets.toml"), "[weibo]\naccess-token = \"2.00abcdefgh\"\n").unwrap();
    assert_eq!(bureau.post(&system, "/admin/backup", "").await.to, "/admin/backup");
    let begun = std::time::Instant::now();
    let page = loop {
        let page = bureau.get(&system, "/admin/backup").await.body;
        if page.contains("is made and checked") {
            break page;
        }
        assert!(!page.contains("There is no backup:") && begun.elapsed().as_secs() < 120, "{page}");
        tokio::task::yield_now().await;
    };
    let name = page.split("name=\"file\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let path = house.beside("backups").join(&name);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut archive = zip::ZipArchive::new(std::fs::File::open(&path).unwrap()).unwrap();
    let names: Vec<String> =
        (0..archive.len()).map(|at| archive.by_index(at).unwrap().name().unwrap().into_owned()).collect();
    assert!(names.contains(&"caifeng.db".to_owned()) && names.contains(&"caifeng.toml".to_owned()), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("keys") || name == "secrets.toml"), "{names:?}");
    let taken = bureau.post(&system, "/admin/backup/take", &format!("file={name}")).await;
    assert!(taken.status == 200 && taken.body.starts_with("PK"), "{}", taken.status);
    for other in ["caifeng.db", "..%2Fcaifeng.db", "caifeng-20260309T040000Z.zip", "%2Fetc%2Fpasswd"] {
        let refused = bureau.post(&system, "/admin/backup/take", &format!("file={other}")).await;
        assert_eq!(refused.status, 422, "{other}");
        assert_eq!(bureau.post(&system, "/admin/backup/remove", &format!("file={other}")).await.status, 422, "{other}");
    }
    assert_eq!(bureau.post(&system, "/admin/backup/remove", &format!("file={name}")).await.to, "/admin/backup");
    assert!(!path.exists());
    assert_eq!(house.kinds()[..3], ["backup-removed", "backup-taken", "backup-made"]);
    let audit = bureau.office.session(Role::Audit);
    assert_eq!(bureau.get(&audit, "/admin/backup").await.status, 403);
}

#[tokio::test]
async fn the_record_is_narrowed_paged_and_held_against_a_checkpoint() {
    let house = House::new();
    let bureau = &house.bureau;
    let (system, audit) = (bureau.office.session(Role::System), bureau.office.session(Role::Audit));
    for n in 0..60 {
        let topic = format!("was=&seen=&query=&must=&not=&cap=&text=&name=t{n}&any=b{n}&deed=save");
        assert_eq!(bureau.post(&system, "/topics", &topic).await.to, "/topics");
    }
    let signed = bureau.post(&audit, "/admin/audit/checkpoint", "").await.body;
    let count = |page: &Answered| page.body.matches("<li class=\"row\">").count();
    let first = bureau.get(&audit, "/admin/audit?kind=configuration-changed").await;
    assert_eq!(count(&first), 50);
    let older = first.body.split("class=\"older\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let older = older.replace("&#38;", "&").replace("&amp;", "&");
    assert!(older.contains("kind=configuration-changed"), "{older}");
    assert_eq!(count(&bureau.get(&audit, &older).await), 10);
    let users = bureau.office.owner.clerk.reader.users().unwrap();
    let by = |role: Role| users.iter().find(|user| user.roles == [role]).unwrap().id.clone();
    for (role, signed) in [(Role::Audit, 1), (Role::System, 0)] {
        let path = format!("/admin/audit?kind=checkpoint-signed&who={}", by(role));
        assert_eq!(count(&bureau.get(&audit, &path).await), signed, "{role:?}");
    }
    assert_eq!(count(&bureau.get(&audit, "/admin/audit?kind=backup-made").await), 0);
    let query = EntryQuery { until: Some(NOW), ..every() };
    assert_eq!(bureau.office.owner.clerk.reader.entries(&query).unwrap().entries, [], "all of it is from now");
    assert_eq!(bureau.get(&audit, "/admin/audit?since=2026-13-01").await.status, 400);
    let same = bureau.upload(&audit, "/admin/audit/compare", &[], Some(&signed)).await;
    assert!(same.status == 200 && same.body.contains("what the signed checkpoint saw"), "{}", same.body);
    let forged = signed.replacen("\"seq\":", "\"seq\":1", 1);
    let refused = bureau.upload(&audit, "/admin/audit/compare", &[], Some(&forged)).await;
    assert!(refused.status == 409 && refused.body.contains("changed after it was signed"), "{}", refused.body);
    let bare = "{\"seq\": 3, \"hash\": \"".to_owned() + &"0".repeat(64) + "\"}";
    let broken = bureau.upload(&audit, "/admin/audit/compare", &[], Some(&bare)).await;
    assert!(broken.status == 200 && broken.body.contains("Broken at entry 3"), "{}", broken.body);
    assert_eq!(bureau.upload(&audit, "/admin/audit/compare", &[], Some("no JSON")).await.status, 409);
}
