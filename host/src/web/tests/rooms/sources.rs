//! 监测, 主题, 插件, 管理 and the first steps, over a real configuration file.

use std::path::PathBuf;

use super::*;
use crate::store::EntryQuery;
use crate::user::UserEvent;

/// A desk whose configuration is a file, with the plugins of this checkout where they were built.
pub(super) struct House {
    pub(super) bureau: Bureau,
    pub(super) file: PathBuf,
    /// Whether there are plugins: what names one is skipped without.
    plugins: bool,
}

pub(in crate::web) const FILE: &str =
    "# kept\n[organisation]\nname = \"青石县水务局\"\n\n[[topic]]\nname = \"供水\"\nany = [\"停水\"]\n";

impl House {
    pub(super) fn new() -> Self {
        let plugins = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins");
        let built = plugins.join("feed").with_extension("wasm").exists();
        Self { plugins: built, ..Self::of(FILE, &[(plugins, crate::plugins::Origin::Shipped)]) }
    }

    /// One with this configuration, and these plugins beside its own.
    pub(super) fn of(text: &str, plugins: &[(PathBuf, crate::plugins::Origin)]) -> Self {
        let office = office_of(text, plugins);
        let file = office.owner.setup.file.clone().unwrap();
        let router = office.router();
        Self { bureau: Bureau { office, router }, file, plugins: false }
    }

    pub(super) fn text(&self) -> String {
        std::fs::read_to_string(&self.file).unwrap()
    }

    /// What was changed in the configuration, as the record has it.
    fn record(&self) -> Vec<String> {
        let entries = self.bureau.office.owner.clerk.reader.entries(&every()).unwrap().entries;
        let changed = entries.iter().filter_map(|entry| match serde_json::from_str(&entry.body) {
            Ok(UserEvent::ConfigurationChanged { change, name, .. }) => Some(format!("{change} {name}")),
            _ => None,
        });
        changed.collect()
    }
}

/// The newest entries of the record.
pub(super) fn every() -> EntryQuery {
    EntryQuery { limit: 50, ..EntryQuery::default() }
}

const TOPIC: &str = "was=&seen=&query=&must=&not=&cap=&text=";

#[tokio::test]
async fn every_form_is_for_its_people_from_our_pages_and_knows_its_fields() {
    let house = House::new();
    let (monitor, legal) = (Role::Monitor, Role::Legal);
    for (path, form) in [
        ("/watches/preview", "text=https%3A%2F%2Fa.example%2F".to_owned()),
        ("/watches", "id=a&text=https%3A%2F%2Fa.example%2F&plugin=feed&kind=listing".to_owned()),
        ("/watches/a/pause", "why=x".to_owned()),
        ("/watches/a/resume", String::new()),
        ("/watches/a/remove", String::new()),
        ("/watches/a/sweep", String::new()),
        ("/topics", format!("{TOPIC}&name=a&any=b&deed=save")),
        ("/topics/remove", "name=a".to_owned()),
    ] {
        house.bureau.guards(monitor, legal, path, &form).await;
    }
    for (right, path, form) in [
        (Role::System, "/admin/users", "name=a"),
        (Role::System, "/admin/users/code", "user=a"),
        (Role::System, "/admin/users/revoke", "user=a"),
        (Role::Security, "/admin/users/roles", "user=a&role=staff"),
        (Role::Security, "/admin/users/unit", "user=a&unit=b"),
        (Role::Security, "/admin/users/factor", "user=a"),
        (Role::System, "/admin/channels/try", "channel=a"),
        (Role::System, "/admin/keeping/retain", ""),
        (Role::Audit, "/admin/audit/verify", ""),
        (Role::Audit, "/admin/audit/checkpoint", ""),
        (Role::System, "/welcome", "name=a&aliases=&places=&accounts=&contact="),
        (Role::System, "/welcome/source", "text=a"),
        (Role::System, "/welcome/source/save", "id=a&text=b&plugin=feed&kind=listing"),
        (Role::System, "/welcome/topics", "topic=a"),
    ] {
        house.bureau.guards(right, monitor, path, form).await;
    }
    assert_eq!(house.record(), Vec::<String>::new(), "nothing of that has changed anything");
    assert_eq!(house.text(), FILE);
}

#[tokio::test]
async fn a_topic_is_tried_saved_in_the_file_and_in_force_at_once() {
    let house = House::new();
    let monitor = house.bureau.office.session(Role::Monitor);
    let text = encoded("桥西又停电了 <script>alert(1)</script>");
    let form = |deed: &str, any: &str| {
        format!(
            "was=&seen=&name={}&query=&must=&not=&cap=&any={}&text={text}&deed={deed}",
            encoded("供电"),
            encoded(any)
        )
    };
    let tried = house.bureau.post(&monitor, "/topics", &form("try", "停电")).await;
    assert!(tried.status == 200 && tried.body.contains("<mark>停电</mark>"), "{}", tried.body);
    assert!(!tried.body.contains(HOSTILE) && tried.body.contains("&#60;script&#62;"));
    assert_eq!(house.text(), FILE, "tried, not saved");
    let wrong = house.bureau.post(&monitor, "/topics", &form("save", "！")).await;
    assert!(
        wrong.status == 422 && wrong.body.contains("role=\"alert\"") && wrong.body.contains("供电"),
        "{}",
        wrong.body
    );
    assert_eq!(house.bureau.post(&monitor, "/topics", &form("save", "停电")).await.to, "/topics");
    assert!(house.text().starts_with("# kept\n") && house.text().contains("name = \"供电\""), "{}", house.text());
    assert_eq!(house.record(), ["topic-added 供电"]);
    let hit = house.bureau.post(&monitor, "/topics/try", &format!("text={text}")).await;
    assert!(hit.body.contains("It hits: 供电."), "in force: {}", hit.body);
    assert_eq!(house.bureau.post(&monitor, "/topics", &form("save", "停电")).await.status, 422, "the name is taken");
    let edit = house.bureau.get(&monitor, &format!("/topics/edit?name={}", encoded("供电"))).await;
    assert_eq!((edit.status, edit.body.contains("停电")), (200, true));
    let gone = house.bureau.post(&monitor, "/topics/remove", &format!("name={}", encoded("供电"))).await;
    assert_eq!((gone.to.as_str(), house.text().as_str()), ("/topics", FILE));
}

#[tokio::test]
async fn a_watch_is_saved_changed_paused_and_removed() {
    let house = House::new();
    assert!(house.plugins, "no plugins in target/plugins: run make plugins");
    let bureau = &house.bureau;
    let monitor = bureau.office.session(Role::Monitor);
    let form = "id=county&text=https%3A%2F%2Fa.example%2Ffeed.xml&plugin=feed&kind=listing&site=";
    assert_eq!(bureau.post(&monitor, "/watches", form).await.to, "/watches/county");
    assert!(house.text().contains("target = { listing = \"https://a.example/feed.xml\" }"), "{}", house.text());
    let due = || bureau.office.owner.clerk.reader.due(NOW).unwrap().len();
    assert_eq!(due(), 1, "the running daemon sweeps it");
    assert_eq!(bureau.post(&monitor, "/watches", form).await.status, 422, "twice");
    for bad in ["id=A+b", "id=x&kind=item&text=javascript%3Aalert(1)", "id=y&plugin=none"] {
        let form = form.split('&').filter(|pair| !bad.contains(&format!("{}=", pair.split('=').next().unwrap())));
        let form = format!("{}&{bad}", form.collect::<Vec<_>>().join("&"));
        let refused = bureau.post(&monitor, "/watches", &form).await;
        assert_eq!(refused.status, 422, "{bad}: {}", refused.body);
    }
    let page = bureau.get(&monitor, "/watches/county").await;
    let seen = page.body.split("name=\"seen\" value=\"").nth(1).unwrap()[..12].to_owned();
    let edit = |seen: &str, canary: &str| {
        let canary = encoded(canary);
        format!("seen={seen}&text=https%3A%2F%2Fa.example%2Fb.xml&site=&floor=10m&ceiling=&canary={canary}&note=")
    };
    assert_eq!(bureau.post(&monitor, "/watches/county/edit", &edit(&seen, HOSTILE)).await.to, "/watches/county");
    let page = bureau.get(&monitor, "/watches/county").await;
    assert!(!page.body.contains(HOSTILE) && page.body.contains("b.xml"), "{}", page.body);
    assert_eq!(
        bureau.post(&monitor, "/watches/county/edit", &edit(&seen, "x")).await.status,
        409,
        "somebody was faster"
    );
    let unknown = format!("{}&colour=red", edit(&seen, "x"));
    assert_eq!(bureau.post(&monitor, "/watches/county/edit", &unknown).await.status, 422);
    assert_eq!(bureau.post(&monitor, "/watches/county/pause", "why=").await.status, 422, "a pause has a reason");
    let pause = format!("why={}", encoded("网站改版"));
    assert_eq!(bureau.post(&monitor, "/watches/county/pause", &pause).await.to, "/watches/county");
    assert_eq!(due(), 0, "it is passed over");
    let repairs = bureau.get(&monitor, "/repairs").await;
    assert!(repairs.body.contains("网站改版") && repairs.body.contains("/watches/county"), "{}", repairs.body);
    assert_eq!(bureau.post(&monitor, "/watches/county/resume", "").await.to, "/watches/county");
    assert_eq!(due(), 1);
    assert_eq!(bureau.post(&monitor, "/watches/county/remove", "").await.to, "/watches");
    assert_eq!((due(), bureau.get(&monitor, "/watches/county").await.status), (0, 404));
    let told = ["watch-removed", "watch-resumed", "watch-paused", "watch-changed", "watch-added"];
    assert_eq!(house.record(), told.map(|what| format!("{what} county")));
    assert_eq!(house.text(), FILE, "what a colleague wrote is as it was");
}

#[tokio::test]
async fn a_person_is_no_source_and_an_address_inside_is_not_looked_at() {
    let house = House::new();
    if !house.plugins {
        return;
    }
    let monitor = house.bureau.office.session(Role::Monitor);
    let account = "id=p&text=2000000001&plugin=weibo&kind=account&site=";
    let refused = house.bureau.post(&monitor, "/watches", account).await;
    assert_eq!(refused.status, 422, "nobody says whose it is: {}", refused.body);
    let whose = format!("{account}&organisation={}&reason={}", encoded("融媒体中心"), encoded("官方媒体"));
    assert_eq!(house.bureau.post(&monitor, "/watches", &whose).await.to, "/watches/p");
    assert!(house.text().contains("[[account]]"));
    let inside =
        house.bureau.post(&monitor, "/watches/preview", "text=http%3A%2F%2F127.0.0.1%3A1%2Fx&plugin=feed").await;
    assert!(
        inside.status == 200 && inside.body.contains("127.0.0.1") && inside.body.contains("read nothing"),
        "{}",
        inside.body
    );
}

#[tokio::test]
async fn a_file_that_is_not_in_order_is_not_changed() {
    let house = House::new();
    let monitor = house.bureau.office.session(Role::Monitor);
    std::fs::write(&house.file, "[organisation]\nnmae = \"x\"\n").unwrap();
    let refused = house.bureau.post(&monitor, "/topics", &format!("{TOPIC}&name=a&any=b&deed=save")).await;
    assert!(refused.status == 409 && refused.body.contains("nmae"), "{}", refused.body);
    assert_eq!(house.text(), "[organisation]\nnmae = \"x\"\n");
    assert!(house.bureau.get(&monitor, "/repairs").await.body.contains("nmae"));
    std::fs::write(&house.file, FILE).unwrap();
}

#[tokio::test]
async fn pages_are_there_for_whom_they_are() {
    let house = House::new();
    let bureau = &house.bureau;
    for (role, there) in [
        (Role::Monitor, ["200", "200", "200", "403", "403", "403"]),
        (Role::System, ["200", "200", "200", "200", "403", "200"]),
        (Role::Security, ["403", "403", "200", "200", "403", "403"]),
        (Role::Audit, ["403", "403", "200", "200", "200", "403"]),
    ] {
        let token = bureau.office.session(role);
        let paths = ["/topics", "/repairs", "/plugins", "/admin", "/admin/audit", "/welcome"];
        for (path, status) in paths.into_iter().zip(there) {
            let page = bureau.get(&token, path).await;
            assert_eq!(page.status.to_string(), status, "{role:?} {path}");
        }
    }
    let audit = bureau.office.session(Role::Audit);
    let verified = bureau.post(&audit, "/admin/audit/verify", "").await;
    assert!(verified.status == 200 && verified.body.contains("Consistent:"), "{}", verified.body);
    for path in ["/admin/plan", "/admin/channels", "/admin/keeping"] {
        assert_eq!(bureau.get(&audit, path).await.status, 200, "{path}");
    }
    let plan = format!("text={}", encoded("version = <script>"));
    let checked = bureau.post(&audit, "/admin/plan/check", &plan).await;
    assert!(
        checked.status == 200 && !checked.body.contains("<script>\n") && checked.body.contains("plan.toml:1"),
        "{}",
        checked.body
    );
}

#[tokio::test]
async fn people_are_added_with_a_code_and_given_roles_by_another() {
    let house = House::new();
    let bureau = &house.bureau;
    let (system, security) = (bureau.office.session(Role::System), bureau.office.session(Role::Security));
    let added = bureau.post(&system, "/admin/users", &format!("name={}", encoded("王芳"))).await;
    assert!(added.status == 200 && added.body.contains("Code for"), "{}", added.body);
    let users = || bureau.office.owner.clerk.reader.users().unwrap();
    let id = users().iter().find(|user| user.name.as_deref() == Some("王芳")).unwrap().id.clone();
    assert_eq!(
        bureau.post(&security, "/admin/users/roles", &format!("user={id}&role=monitor&role=staff")).await.to,
        "/admin"
    );
    assert_eq!(
        bureau.post(&security, "/admin/users/unit", &format!("user={id}&unit={}", encoded(HOSTILE))).await.to,
        "/admin"
    );
    assert!(!bureau.get(&security, "/admin").await.body.contains(HOSTILE));
    let user = users().into_iter().find(|user| user.id == id).unwrap();
    assert_eq!(user.roles, [Role::Monitor, Role::Staff]);
    assert_eq!(bureau.post(&security, "/admin/users/roles", &format!("user={id}&role=king")).await.status, 422);
    assert_eq!(bureau.post(&system, "/admin/users/revoke", &format!("user={id}")).await.to, "/admin");
}

#[tokio::test]
async fn the_first_steps_set_up_the_organisation_and_its_topics() {
    let house = House::new();
    let bureau = &house.bureau;
    let system = bureau.office.session(Role::System);
    let called = format!(
        "name={}&aliases={}&places=&accounts={}&contact=",
        encoded("乙局"),
        encoded("乙\n小乙"),
        encoded("乙局发布")
    );
    assert_eq!(bureau.post(&system, "/welcome", &called).await.to, "/welcome/source");
    assert_eq!(bureau.office.owner.clerk.organisation.get().accounts, ["乙局发布"]);
    let page = bureau.get(&system, "/welcome/topics").await;
    assert_eq!(page.status, 200);
    let first = page.body.split("name=\"topic\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(
        bureau.post(&system, "/welcome/topics", &format!("topic={}", encoded(&first))).await.to,
        "/welcome/channels"
    );
    assert!(house.text().contains(&first));
    for path in ["/welcome", "/welcome/source", "/welcome/channels", "/welcome/done"] {
        assert_eq!(bureau.get(&system, path).await.status, 200, "{path}");
    }
}
