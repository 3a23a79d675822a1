//! Signing in, as a browser does it and as somebody does who should not come in.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::http::{HeaderMap, header};
use url::form_urlencoded::Serializer;

use super::*;
use crate::store::{Caller, UserChange};
use crate::user::UserEvent;
use crate::user::session::{IDLE, LONGEST};

pub(super) const PASSWORD: &str = "三只白鹭 over the weir";

/// A house with a clock that can be moved, and people in it.
pub(super) struct House {
    pub(super) office: Arc<Office>,
    router: Router,
    now: Arc<AtomicI64>,
    pub(super) admin: Caller,
}

/// What somebody is answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Answer {
    /// The cookies that it sets, as a browser sends them.
    fn cookies(&self) -> Vec<(String, String)> {
        let pair = |field: &axum::http::HeaderValue| {
            let (name, value) = field.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        };
        self.headers.get_all(header::SET_COOKIE).iter().map(pair).collect()
    }

    pub(super) fn place(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |place| place.to_str().unwrap())
    }
}

/// A browser: keeps cookies, and comes from an address.
#[derive(Clone, Default)]
pub(super) struct Browser {
    pub(super) cookies: Vec<(String, String)>,
    address: u8,
}

impl Browser {
    pub(super) fn at(address: u8) -> Self {
        Self { address, ..Self::default() }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.cookies.iter().any(|(kept, _)| kept == name)
    }

    async fn send(&mut self, house: &House, mut request: Request<Body>) -> Answer {
        let sent: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !sent.is_empty() {
            request.headers_mut().insert(header::COOKIE, sent.join("; ").parse().unwrap());
        }
        let peer = access::Peer::of(Ipv4Addr::new(192, 0, 2, self.address));
        request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
        let answer = house.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = String::from_utf8_lossy(&to_bytes(body, 1 << 24).await.unwrap()).into_owned();
        let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body };
        for (name, value) in answer.cookies() {
            self.cookies.retain(|(kept, _)| *kept != name);
            if !value.is_empty() {
                self.cookies.push((name, value));
            }
        }
        answer
    }

    pub(super) async fn get(&mut self, house: &House, path: &str) -> Answer {
        self.send(house, asking(Method::GET, path, &[("accept-language", "en")])).await
    }

    pub(super) async fn post(&mut self, house: &House, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = Serializer::new(String::new()).extend_pairs(fields).finish();
        let sent = [
            ("accept-language", "en"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
        ];
        let mut request = asking(Method::POST, path, &sent);
        *request.body_mut() = Body::from(form);
        self.send(house, request).await
    }

    /// Adds a second factor; its secret, as it is shown.
    pub(super) async fn begin_factor(&mut self, house: &House) -> String {
        let page = self.get(house, "/account/factor").await.body;
        let secret = page.split_once("<code>").unwrap().1.split_once("</code>").unwrap().0.to_owned();
        let added = self.post(house, "/account/factor", &[("code", &house.code_of(&secret))]).await;
        assert_eq!(added.status, 200, "{}", added.body);
        secret
    }

    pub(super) async fn sign_in(&mut self, house: &House, name: &str, password: &str) -> Answer {
        self.post(house, "/sign-in", &[("name", name), ("password", password), ("to", "/incidents")]).await
    }
}

impl House {
    pub(super) fn new() -> Self {
        Self::of(office_with(vec![Role::Legal]))
    }

    pub(super) fn of(office: Arc<Office>) -> Self {
        let now = Arc::new(AtomicI64::new(NOW));
        let ours = Arc::clone(&now);
        let router = office.router_at(Arc::new(move || ours.load(Ordering::Relaxed)));
        let store = &office.owner.clerk.store;
        let add = |caller: &Caller, name: &str, roles: &[Role]| {
            let add = UserChange::Add { name: name.to_owned(), roles: roles.to_vec() };
            let token = store.change_user(caller, add, NOW).unwrap().token;
            Caller { token, account: 1000 }
        };
        let admin = add(&Caller { token: None, account: 1000 }, "sys", &[Role::System]);
        let security = add(&admin, "sec", &[Role::Security]);
        for (name, role) in [("wang", Role::Head), ("zhao", Role::Staff), ("qian", Role::Legal)] {
            add(&admin, name, &[]);
            let roles = UserChange::Roles { user: name.to_owned(), roles: vec![role] };
            store.change_user(&security, roles, NOW).unwrap();
            let (_, code) = store.give_code(&admin, name, NOW).unwrap();
            let hash = crate::user::password::Password::typed(PASSWORD).hash([1; 16]);
            store.set_up(name, &code, hash, NOW).unwrap();
        }
        Self { office, router, now, admin }
    }

    /// The six digits that an app shows now.
    pub(super) fn code_of(&self, secret: &str) -> String {
        crate::user::factor::tests::shown(secret, self.now.load(Ordering::Relaxed))
    }

    pub(super) fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    /// What the record says about users.
    pub(super) fn record(&self) -> Vec<UserEvent> {
        self.office.owner.clerk.reader.user_events().unwrap()
    }
}

#[tokio::test]
async fn the_first_user_comes_in_with_the_code_of_the_terminal_and_nobody_with_another() {
    let office = office_with(vec![Role::Legal]);
    let router = office.router();
    let house =
        House { office, router, now: Arc::new(AtomicI64::new(NOW)), admin: Caller { token: None, account: 1000 } };
    let mut browser = Browser::default();
    let page = browser.get(&house, "/set-up-password").await;
    assert!(page.body.contains("The first user"), "{}", page.body);
    let wrong = Code::new([8; 10]).written();
    let fields = |code: &'static str| [("name", "李明"), ("code", code), ("password", PASSWORD), ("again", PASSWORD)];
    let refused = browser.post(&house, "/set-up-password", &fields(wrong.leak())).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(!browser.has("caifeng_session"));
    let first: &'static str = FIRST.written().leak();
    let weak = [("name", "李明"), ("code", first), ("password", "password123"), ("again", "password123")];
    let told = browser.post(&house, "/set-up-password", &weak).await;
    assert!(told.body.contains("among the first") && told.body.contains(first), "what was right is kept");
    let made = browser.post(&house, "/set-up-password", &fields(first)).await;
    assert_eq!((made.status, made.place()), (303, "/"), "{}", made.body);
    assert!(browser.has("caifeng_session") && browser.has("caifeng_browser"));
    // It works once.
    let again = Browser::at(9).post(&house, "/set-up-password", &fields(first)).await;
    assert_eq!(again.status, 422);
    assert_eq!(house.office.owner.clerk.reader.users().unwrap()[0].roles, [Role::System]);
}

#[tokio::test]
async fn a_right_password_leads_to_where_one_was_going_and_a_wrong_one_tells_nothing() {
    let house = House::new();
    let mut browser = Browser::at(1);
    let sent = browser.get(&house, "/incidents?state=all").await;
    assert_eq!((sent.status, sent.place()), (303, "/sign-in?to=%2Fincidents%3Fstate%3Dall"));
    let unknown = browser.sign_in(&house, "nobody", PASSWORD).await;
    let wrong = browser.sign_in(&house, "wang", "something else").await;
    assert_eq!((unknown.status, wrong.status), (422, 422));
    assert_eq!(unknown.body.replace("nobody", "wang"), wrong.body, "who works here is not told");
    assert!(wrong.body.contains("Name or password is wrong.") && !wrong.body.contains("something else"));
    let entered = browser.sign_in(&house, "wang", PASSWORD).await;
    assert_eq!((entered.status, entered.place()), (303, "/incidents"));
    let page = browser.get(&house, "/incidents").await;
    assert!(page.status == 200 && page.body.contains("wang"));
    assert!(house.record().iter().any(|event| matches!(event, UserEvent::SignedIn { after: None, .. })));
    let out = browser.post(&house, "/sign-out", &[]).await;
    assert_eq!((out.status, out.place()), (303, "/sign-in"));
    assert_eq!(browser.get(&house, "/incidents").await.status, 303);
}

#[tokio::test]
async fn nobody_is_led_to_another_site() {
    let house = House::new();
    for to in ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/a\nb", ""] {
        let mut browser = Browser::at(1);
        let fields = [("name", "wang"), ("password", PASSWORD), ("to", to)];
        let entered = browser.post(&house, "/sign-in", &fields).await;
        assert_eq!((entered.status, entered.place()), (303, "/"), "{to:?}");
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_and_the_one_who_is_guessed_at_gets_in() {
    let house = House::new();
    let mut at_home = Browser::at(7);
    assert_eq!(at_home.sign_in(&house, "wang", PASSWORD).await.status, 303);
    let mut refused = 0;
    for address in 20..28 {
        let mut attacker = Browser::at(address);
        for guess in 0..8 {
            let answer = attacker.sign_in(&house, "wang", &format!("guess number {guess}")).await;
            if answer.status == 429 {
                refused += 1;
                assert!(answer.headers.contains_key(header::RETRY_AFTER));
                assert!(answer.body.contains("Too many attempts"), "{}", answer.body);
            }
        }
    }
    assert!(refused >= 16, "{refused}");
    // A right password from a place that guessed waits like any other guess.
    assert_eq!(Browser::at(20).sign_in(&house, "wang", PASSWORD).await.status, 429);
    // The same browser elsewhere, another browser at the same address, and anybody else: all come in.
    let known = at_home.cookies.iter().find(|(name, _)| name == "caifeng_browser").unwrap().clone();
    let mut travelling = Browser { cookies: vec![known], address: 20 };
    assert_eq!(travelling.sign_in(&house, "wang", PASSWORD).await.status, 303);
    assert_eq!(Browser::at(7).sign_in(&house, "wang", PASSWORD).await.status, 303);
    assert_eq!(Browser::at(20).sign_in(&house, "zhao", PASSWORD).await.status, 303);
    let bursts: Vec<_> = house
        .record()
        .into_iter()
        .filter_map(|event| match event {
            UserEvent::SignInsFailed { user, times, .. } => Some((user, times)),
            _ => None,
        })
        .collect();
    let wang = house.office.owner.clerk.reader.credential("wang").unwrap().unwrap().user;
    assert_eq!(bursts.iter().map(|(_, times)| *times).collect::<Vec<_>>(), [5, 10, 20, 40]);
    assert!(bursts.iter().all(|(user, _)| user.as_ref() == Some(&wang)));
}

#[tokio::test]
async fn forged_cookies_and_sealed_words_open_nothing() {
    let house = House::new();
    let mut browser = Browser::at(1);
    browser.sign_in(&house, "wang", PASSWORD).await;
    let session = browser.cookies.iter().find(|(name, _)| name == "caifeng_session").unwrap().1.clone();
    let flipped = format!("{}{}", &session[..session.len() - 1], if session.ends_with('0') { '1' } else { '0' });
    for forged in [flipped.as_str(), "caifeng_1_00", "", &session[..session.len() - 2]] {
        let cookies = vec![("caifeng_session".to_owned(), forged.to_owned())];
        let mut forger = Browser { cookies, address: 1 };
        assert_eq!(forger.get(&house, "/incidents").await.status, 303, "{forged}");
    }
    // A personal token of the command line is no session of a page, and a session of another browser is itself.
    let personal = house.admin.token.clone().unwrap().written();
    let mut file = Browser { cookies: vec![("caifeng_session".to_owned(), personal)], address: 1 };
    assert_eq!(file.get(&house, "/watches").await.status, 303);
    let known = ("caifeng_browser".to_owned(), format!("browser.9999999999.7531.{}", "0".repeat(64)));
    for _ in 0..8 {
        Browser { cookies: vec![known.clone()], address: 3 }.sign_in(&house, "wang", "wrong wrong").await;
    }
    let forged = Browser { cookies: vec![known], address: 3 }.sign_in(&house, "wang", PASSWORD).await;
    assert_eq!(forged.status, 429, "a browser is not known because it says so");
}

#[tokio::test]
async fn other_sites_cannot_sign_anybody_in_or_out() {
    let house = House::new();
    let mut browser = Browser::at(1);
    browser.sign_in(&house, "wang", PASSWORD).await;
    for path in ["/sign-in", "/sign-in/code", "/sign-out", "/set-up-password"] {
        let form = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ];
        let mut request = asking(Method::POST, path, &form);
        *request.body_mut() = Body::from("name=wang&password=x&code=1&again=x");
        assert_eq!(browser.send(&house, request).await.status, 403, "{path}");
    }
    assert_eq!(browser.get(&house, "/incidents").await.status, 200);
    for path in ["/sign-in", "/set-up-password", "/sign-in/code"] {
        let answer = browser.post(&house, path, &[("name", "wang"), ("colour", "red")]).await;
        assert_eq!(answer.status, 422, "{path}");
    }
}

#[tokio::test]
async fn a_session_ends_kindly_and_what_was_typed_is_not_lost() {
    let house = House::new();
    let mut browser = Browser::at(1);
    browser.sign_in(&house, "wang", PASSWORD).await;
    house.pass(IDLE - 1);
    assert_eq!(browser.get(&house, "/incidents").await.status, 200);
    house.pass(IDLE);
    let led = browser.get(&house, "/incidents/7?a=b").await;
    assert_eq!(led.place(), "/sign-in?to=%2Fincidents%2F7%3Fa%3Db&over=1");
    assert!(!browser.has("caifeng_session"), "it is not sent again and again");
    let told = browser.get(&house, led.place()).await;
    assert!(told.body.contains("Your session is over"), "{}", told.body);

    assert_eq!(browser.sign_in(&house, "wang", PASSWORD).await.status, 303);
    house.pass(LONGEST);
    let path = "/account/password";
    let kept = browser.post(&house, path, &[("reason", "<b>已核实</b> & done"), ("version", "3")]).await;
    assert_eq!(kept.status, 401);
    assert!(kept.body.contains("What you have just typed is kept"), "{}", kept.body);
    assert!(kept.body.contains("name=\"typed\" value=\"reason=%3Cb%3E"), "{}", kept.body);
    let typed = "reason=%3Cb%3E%E5%B7%B2%E6%A0%B8%E5%AE%9E%3C%2Fb%3E+%26+done&version=3";
    let fields = [("name", "wang"), ("password", PASSWORD), ("to", path), ("typed", typed)];
    let offered = browser.post(&house, "/sign-in", &fields).await;
    assert_eq!(offered.status, 200);
    assert!(offered.body.contains("action=\"/account/password\""), "{}", offered.body);
    assert!(
        offered.body.contains("name=\"reason\" value=\"&#60;b&#62;已核实&#60;/b&#62; &#38; done\""),
        "{}",
        offered.body
    );
    assert!(browser.has("caifeng_session"));
}

#[tokio::test]
async fn a_set_up_code_works_once_for_a_day_and_for_its_user() {
    let house = House::new();
    let store = &house.office.owner.clerk.store;
    let mut old = Browser::at(1);
    old.sign_in(&house, "zhao", PASSWORD).await;
    let (_, stale) = store.give_code(&house.admin, "zhao", NOW).unwrap();
    let (_, code) = store.give_code(&house.admin, "zhao", NOW).unwrap();
    let new = "another long password";
    let choose = |name: &'static str, code: &Code| {
        let code: &'static str = code.written().leak();
        [("name", name), ("code", code), ("password", new), ("again", new)]
    };
    let mut browser = Browser::at(2);
    for (name, wrong) in [("zhao", &stale), ("wang", &code), ("nobody", &code), ("zhao", &FIRST)] {
        let refused = browser.post(&house, "/set-up-password", &choose(name, wrong)).await;
        assert_eq!(refused.status, 422, "{name}");
        assert!(refused.body.contains("do not belong together"), "{}", refused.body);
    }
    let chosen = browser.post(&house, "/set-up-password", &choose("zhao", &code)).await;
    assert_eq!((chosen.status, chosen.place()), (303, "/sign-in"));
    assert_eq!(old.get(&house, "/incidents").await.status, 303, "other sessions have ended");
    house.pass(600);
    assert_eq!(browser.post(&house, "/set-up-password", &choose("zhao", &code)).await.status, 422, "used");
    assert_eq!(browser.sign_in(&house, "zhao", PASSWORD).await.status, 422);
    assert_eq!(browser.sign_in(&house, "zhao", new).await.status, 303);
    let (_, late) = store.give_code(&house.admin, "zhao", NOW).unwrap();
    house.pass(crate::store::CODE_WORKS);
    assert_eq!(browser.post(&house, "/set-up-password", &choose("zhao", &late)).await.status, 422, "ended");
}

#[tokio::test]
async fn guessing_codes_is_slowed_down_too() {
    let house = House::new();
    let mut browser = Browser::at(4);
    let mut statuses = Vec::new();
    for n in 0..12 {
        let code = Code::new([n; 10]).written();
        let fields = [("name", "zhao"), ("code", code.as_str()), ("password", PASSWORD), ("again", PASSWORD)];
        statuses.push(browser.post(&house, "/set-up-password", &fields).await.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 5, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 7, "{statuses:?}");
}

#[tokio::test]
async fn tokens_that_are_made_up_are_counted_and_right_ones_are_never_kept_out() {
    let house = House::new();
    let mut statuses = Vec::new();
    for n in 0..80 {
        let bearer = format!("Bearer caifeng_{n}_{}", "ab".repeat(32));
        let request = asking(Method::GET, "/api/v1/incidents", &[("authorization", &bearer)]);
        statuses.push(Browser::at(5).send(&house, request).await.status);
    }
    assert_eq!((statuses[0], statuses[79]), (401, 429), "{statuses:?}");
    let right = format!("Bearer {}", house.office.session(Role::Head).written());
    let request = asking(Method::GET, "/api/v1/incidents", &[("authorization", &right)]);
    assert_eq!(Browser::at(5).send(&house, request).await.status, 200);
    assert!(house.record().iter().any(|event| matches!(event, UserEvent::SignInsFailed { user: None, .. })));
}

#[tokio::test]
async fn guessing_six_digits_is_slowed_down_from_everywhere_and_their_owner_gets_in() {
    let house = House::new();
    let mut at_home = Browser::at(1);
    at_home.sign_in(&house, "wang", PASSWORD).await;
    let secret = at_home.begin_factor(&house).await;
    // Whoever has the password, and many addresses.
    let mut statuses = Vec::new();
    for address in 30..42 {
        let mut attacker = Browser::at(address);
        assert_eq!(attacker.sign_in(&house, "wang", PASSWORD).await.status, 200, "halfway");
        for guess in 0..4 {
            let code = format!("00{address}0{guess}");
            let answer = attacker.post(&house, "/sign-in/code", &[("code", &code)]).await;
            assert!(!attacker.has("caifeng_session"));
            statuses.push(answer.status);
        }
    }
    let guessed = statuses.iter().filter(|status| **status == 422).count();
    assert_eq!((guessed, statuses.len() - guessed), (10, 38), "{statuses:?}");
    assert!(statuses[10..].iter().all(|status| *status == 429));
    // The password alone clears nothing; its owner comes in where they have before, and so does everybody else.
    house.pass(30);
    assert_eq!(at_home.sign_in(&house, "wang", PASSWORD).await.status, 200, "halfway");
    let code = house.code_of(&secret);
    let entered = at_home.post(&house, "/sign-in/code", &[("code", &code)]).await;
    assert_eq!(entered.status, 303, "{}", entered.body);
    assert_eq!(Browser::at(30).sign_in(&house, "zhao", PASSWORD).await.status, 303);
    assert!(house.record().iter().any(|event| matches!(
        event,
        UserEvent::SignInsFailed { user: Some(_), guess: crate::user::throttle::Guess::Factor, .. }
    )));
}

#[tokio::test]
async fn a_session_that_was_planted_is_not_the_one_that_begins_and_ends_with_it() {
    let house = House::new();
    let session = |browser: &Browser| {
        browser.cookies.iter().find(|(name, _)| name == "caifeng_session").map(|(_, value)| value.clone())
    };
    // Somebody's own session, put into another's browser.
    let mut attacker = Browser::at(1);
    attacker.sign_in(&house, "zhao", PASSWORD).await;
    let planted = session(&attacker).unwrap();
    let mut victim = Browser { cookies: vec![("caifeng_session".to_owned(), planted.clone())], address: 2 };
    assert_eq!(victim.sign_in(&house, "wang", PASSWORD).await.status, 303);
    assert_ne!(session(&victim).unwrap(), planted);
    assert!(victim.get(&house, "/account").await.body.contains("wang"));
    assert_eq!(attacker.get(&house, "/account").await.status, 303, "what was planted has ended");
    // Nor does one that nobody has become somebody's.
    let made_up = format!("caifeng_999_{}", "ab".repeat(32));
    let mut fixed = Browser { cookies: vec![("caifeng_session".to_owned(), made_up.clone())], address: 3 };
    fixed.sign_in(&house, "wang", PASSWORD).await;
    assert_ne!(session(&fixed).unwrap(), made_up);
}

#[tokio::test]
async fn everywhere_else_is_left_with_one_click_and_with_a_new_password() {
    let house = House::new();
    let mut browsers: Vec<Browser> = (1..4).map(Browser::at).collect();
    for browser in &mut browsers {
        browser.sign_in(&house, "wang", PASSWORD).await;
    }
    let mut other = Browser::at(9);
    other.sign_in(&house, "zhao", PASSWORD).await;
    assert!(browsers[0].get(&house, "/account").await.body.contains("/account/end-others"));
    let left = browsers[0].post(&house, "/account/end-others", &[]).await;
    assert_eq!((left.status, left.place()), (303, "/account"));
    for (n, browser) in browsers.iter_mut().enumerate() {
        assert_eq!(browser.get(&house, "/account").await.status, if n == 0 { 200 } else { 303 }, "{n}");
    }
    assert_eq!(other.get(&house, "/account").await.status, 200, "another's");
    assert!(!browsers[0].get(&house, "/account").await.body.contains("/account/end-others"));
    assert!(house.record().iter().any(|event| matches!(event, UserEvent::SessionsEnded { .. })));
    browsers[1].sign_in(&house, "wang", PASSWORD).await;
    let new = "another long password";
    let changed =
        browsers[0].post(&house, "/account/password", &[("old", PASSWORD), ("password", new), ("again", new)]).await;
    assert_eq!(changed.status, 303, "{}", changed.body);
    assert_eq!(browsers[1].get(&house, "/account").await.status, 303);
    assert_eq!(browsers[0].get(&house, "/account").await.status, 200);
}
