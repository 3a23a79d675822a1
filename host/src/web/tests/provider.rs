//! Signing in by a provider, against one that speaks HTTP on this machine and signs with real keys.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use axum::extract::{Form, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::sign_in::{Answer, Browser, House, PASSWORD};
use super::*;
use crate::fetch::guard::Policy;
use crate::fetch::live::{Live, Settings};
use crate::store::UserChange;
use crate::user::UserEvent;
use crate::user::provider::Oidc;
use crate::vouching::Provider;

const SECRET: &str = "a secret of the desk";
const SUBJECT: &str = "f3c1-77";

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn pair() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap()
}

/// What is wrong with a token: its header, and its claims.
type Bent = fn(&mut Value, &mut Value);
type Bend = Box<dyn FnMut(&mut Value, &mut Value) + Send>;

/// What a provider knows, and how it misbehaves.
struct Conduct {
    pair: EcdsaKeyPair,
    kid: String,
    /// Signs with a key that is not among those that it shows.
    foreign: bool,
    /// Codes that it gave: what was asked with each.
    codes: HashMap<String, HashMap<String, String>>,
    spent: HashSet<String>,
    /// Changes header and claims.
    bend: Bend,
    /// In place of the ID token.
    token: Option<String>,
    /// In place of its description and of what its token endpoint says.
    described: Option<(u16, String)>,
    exchanged: Option<(u16, String)>,
    /// How often it was asked for its description, and for a token.
    asked: (usize, usize),
}

/// A provider on this machine.
struct Idp {
    issuer: String,
    conduct: Arc<Mutex<Conduct>>,
    serving: tokio::task::JoinHandle<()>,
}

type Knows = State<(String, Arc<Mutex<Conduct>>)>;

async fn described(State((issuer, conduct)): Knows) -> Response {
    let mut conduct = conduct.lock().unwrap();
    conduct.asked.0 += 1;
    if let Some((status, text)) = &conduct.described {
        let status = StatusCode::from_u16(*status).unwrap();
        return (status, [(header::LOCATION, format!("{issuer}/elsewhere"))], text.clone()).into_response();
    }
    let at = |path: &str| format!("{issuer}{path}");
    Json(json!({
        "issuer": issuer, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
        "jwks_uri": at("/keys"), "response_types_supported": ["code"],
    }))
    .into_response()
}

async fn keys(State((_, conduct)): Knows) -> Json<Value> {
    let conduct = conduct.lock().unwrap();
    let shown =
        if conduct.foreign { pair() } else { return Json(json!({"keys": [jwk(&conduct.pair, &conduct.kid)]})) };
    Json(json!({"keys": [jwk(&shown, &conduct.kid)]}))
}

fn jwk(pair: &EcdsaKeyPair, kid: &str) -> Value {
    let point = pair.public_key().as_ref();
    json!({"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": b64(&point[1..33]), "y": b64(&point[33..])})
}

fn refused(status: u16, error: &str) -> Response {
    (StatusCode::from_u16(status).unwrap(), Json(json!({ "error": error }))).into_response()
}

/// RFC 6749 §4.1.3 with RFC 7636 §4.6, as strictly as they are written.
async fn token(
    State((issuer, conduct)): Knows,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let mut conduct = conduct.lock().unwrap();
    conduct.asked.1 += 1;
    if let Some((status, text)) = &conduct.exchanged {
        return (StatusCode::from_u16(*status).unwrap(), text.clone()).into_response();
    }
    let shown = STANDARD.encode(format!("caifeng:{}", SECRET.replace(' ', "+")));
    if headers.get(header::AUTHORIZATION).is_none_or(|field| field.as_bytes() != format!("Basic {shown}").as_bytes()) {
        return refused(401, "invalid_client");
    }
    let asked = conduct.codes.get(&form["code"]).cloned();
    let Some(asked) = asked.filter(|_| conduct.spent.insert(form["code"].clone())) else {
        return refused(400, "invalid_grant");
    };
    let proven = b64(Sha256::digest(&form["code_verifier"])) == asked["code_challenge"];
    if form["grant_type"] != "authorization_code" || form["redirect_uri"] != asked["redirect_uri"] || !proven {
        return refused(400, "invalid_grant");
    }
    let mut header = json!({"alg": "ES256", "kid": conduct.kid, "typ": "JWT"});
    let mut claims = json!({
        "iss": issuer, "sub": SUBJECT, "aud": "caifeng", "exp": NOW + 300, "iat": NOW, "nonce": asked["nonce"],
        "email": "Li@example.cn", "email_verified": true,
    });
    (conduct.bend)(&mut header, &mut claims);
    let said = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
    let signature = conduct.pair.sign(&SystemRandom::new(), said.as_bytes()).unwrap();
    let token = conduct.token.clone().unwrap_or_else(|| format!("{said}.{}", b64(signature)));
    Json(json!({"access_token": "x", "token_type": "Bearer", "id_token": token})).into_response()
}

/// A description that was moved: nobody may follow.
async fn elsewhere(State((issuer, _)): Knows, Query(_): Query<HashMap<String, String>>) -> Json<Value> {
    Json(json!({ "issuer": issuer }))
}

impl Idp {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}/realms/county", listener.local_addr().unwrap());
        let conduct = Arc::new(Mutex::new(Conduct {
            pair: pair(),
            kid: "k1".to_owned(),
            foreign: false,
            codes: HashMap::new(),
            spent: HashSet::new(),
            bend: Box::new(|_, _| ()),
            token: None,
            described: None,
            exchanged: None,
            asked: (0, 0),
        }));
        let realm = Router::new()
            .route("/.well-known/openid-configuration", get(described))
            .route("/elsewhere", get(elsewhere))
            .route("/keys", get(keys))
            .route("/token", post(token));
        let router = Router::new().nest("/realms/county", realm).with_state((issuer.clone(), Arc::clone(&conduct)));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { issuer, conduct, serving }
    }

    fn with(&self, change: impl FnOnce(&mut Conduct)) {
        change(&mut self.conduct.lock().unwrap());
    }

    fn bend(&self, bend: impl FnMut(&mut Value, &mut Value) + Send + 'static) {
        self.with(|conduct| conduct.bend = Box::new(bend));
    }

    fn asked(&self) -> (usize, usize) {
        self.conduct.lock().unwrap().asked
    }

    fn config(&self) -> Oidc {
        Oidc {
            issuer: self.issuer.clone(),
            client_id: "caifeng".to_owned(),
            label: "County ID".to_owned(),
            claim: "sub".to_owned(),
            scopes: None,
            trust_second_factor: false,
        }
    }

    fn provider(&self, config: Oidc, secret: &str) -> Provider {
        let issuer = url::Url::parse(&self.issuer).unwrap();
        let policy = Policy { private: vec![("127.0.0.1".to_owned(), issuer.port().unwrap())] };
        let settings = Settings { policy, ..Settings::default() };
        Provider::new(config, secret.to_owned(), Live::new(settings, Arc::new(|| NOW)).unwrap())
    }

    /// A house whose people may come in by it.
    fn house(&self, change: impl FnOnce(&mut Oidc)) -> House {
        let mut config = self.config();
        change(&mut config);
        House::of(office_vouched(vec![Role::Legal], Some(self.provider(config, SECRET))))
    }

    /// What somebody does at the provider: they are who they are, and are sent back with a code. The path at the desk.
    fn agree(&self, place: &str) -> String {
        let url = url::Url::parse(place).unwrap();
        assert!(place.starts_with(&format!("{}/authorize?", self.issuer)), "{place}");
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!((asked["response_type"].as_str(), asked["client_id"].as_str()), ("code", "caifeng"));
        assert_eq!(asked["redirect_uri"], "http://127.0.0.1:8420/sign-in/callback");
        let mut conduct = self.conduct.lock().unwrap();
        let code = format!("c{}", conduct.codes.len());
        let state = asked["state"].clone();
        conduct.codes.insert(code.clone(), asked);
        format!("/sign-in/callback?code={code}&state={state}&session_state=x")
    }
}

impl Drop for Idp {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A browser goes to the provider, and comes back with a code.
async fn visit(browser: &mut Browser, house: &House, idp: &Idp, to: &str) -> Answer {
    let led = browser.get(house, &format!("/sign-in/provider?to={to}")).await;
    assert_eq!(led.status, 303, "{}", led.body);
    let back = idp.agree(led.place());
    browser.get(house, &back).await
}

fn link(house: &House, user: &str, name: &str) {
    let change = UserChange::Identity { user: user.to_owned(), name: Some(name.to_owned()) };
    house.office.owner.clerk.store.change_user(&house.admin, change, NOW).unwrap();
}

fn people(house: &House) -> usize {
    house.office.owner.clerk.reader.users().unwrap().len()
}

#[tokio::test]
async fn whom_the_provider_vouches_for_comes_in_as_the_user_who_was_linked() {
    let idp = Idp::open().await;
    let house = idp.house(|_| ());
    link(&house, "wang", SUBJECT);
    let mut browser = Browser::at(1);
    let page = browser.get(&house, "/sign-in?to=/incidents").await;
    assert!(page.body.contains("href=\"/sign-in/provider?to=%2Fincidents\">Sign in with County ID<"), "{}", page.body);
    let entered = visit(&mut browser, &house, &idp, "/incidents").await;
    assert_eq!((entered.status, entered.place()), (303, "/incidents"), "{}", entered.body);
    assert!(browser.has("caifeng_session") && !browser.has("caifeng_away"));
    assert!(browser.get(&house, "/incidents").await.body.contains("wang"));
    let account = browser.get(&house, "/account").await.body;
    assert!(account.contains("You also sign in with County ID."), "{account}");
    let signed = house.record().into_iter().any(|event| {
        matches!(event, UserEvent::SignedIn { by: Some(crate::user::Voucher::Provider), after: None, .. })
    });
    assert!(signed, "{:?}", house.record());
    assert!(!format!("{:?}", house.record()).contains(SUBJECT), "by what they are named there is not in the record");
    // What it says about itself is asked for once.
    visit(&mut Browser::at(2), &house, &idp, "/").await;
    assert_eq!(idp.asked(), (1, 2));
}

#[tokio::test]
async fn nobody_is_made_and_whoever_is_not_linked_is_told_what_to_have_linked() {
    let idp = Idp::open().await;
    let house = idp.house(|_| ());
    let before = people(&house);
    let mut browser = Browser::at(1);
    let told = visit(&mut browser, &house, &idp, "/incidents").await;
    assert_eq!(told.status, 403);
    assert!(told.body.contains(&format!("County ID knows you as {SUBJECT}")), "{}", told.body);
    assert!(!browser.has("caifeng_session") && people(&house) == before);
    // What a provider says is text like any other's.
    idp.bend(|_, claims| claims["sub"] = "<script>alert(1)</script>".into());
    let hostile = visit(&mut browser, &house, &idp, "/").await.body;
    assert!(hostile.contains("&#60;script&#62;") && !hostile.contains("<script>"), "{hostile}");
    // Nor does a revoked user come in.
    idp.bend(|_, _| ());
    link(&house, "zhao", SUBJECT);
    assert_eq!(visit(&mut Browser::at(2), &house, &idp, "/").await.status, 303);
    let revoke = UserChange::Revoke { user: "zhao".to_owned() };
    house.office.owner.clerk.store.change_user(&house.admin, revoke, NOW).unwrap();
    assert_eq!(visit(&mut Browser::at(2), &house, &idp, "/").await.status, 403);
    // Whoever came in by an account is out once it is linked anew.
    let mut kept = Browser::at(3);
    link(&house, "wang", SUBJECT);
    visit(&mut kept, &house, &idp, "/").await;
    assert_eq!(kept.get(&house, "/account").await.status, 200);
    link(&house, "wang", "another@idp.example");
    assert_ne!(kept.get(&house, "/account").await.status, 200);
    // Who is linked to an account of the provider is one user.
    link(&house, "wang", SUBJECT);
    let again = UserChange::Identity { user: "qian".to_owned(), name: Some(SUBJECT.to_owned()) };
    let refused = house.office.owner.clerk.store.change_user(&house.admin, again, NOW).unwrap_err();
    assert!(refused.to_string().contains("is linked to this account"), "{refused}");
}

#[tokio::test]
async fn an_answer_that_is_not_the_providers_to_this_question_opens_nothing() {
    let idp = Idp::open().await;
    let house = idp.house(|_| ());
    link(&house, "wang", SUBJECT);
    let bends: [(&str, Bent); 10] = [
        ("another nonce", |_, claims| claims["nonce"] = "guessed".into()),
        ("no nonce", |_, claims| claims["nonce"] = Value::Null),
        ("another audience", |_, claims| claims["aud"] = "other".into()),
        ("an audience of many", |_, claims| claims["aud"] = json!(["caifeng", "other"])),
        ("another issuer", |_, claims| claims["iss"] = "http://127.0.0.1/realms/other".into()),
        ("expired", |_, claims| claims["exp"] = (NOW - 61).into()),
        ("of tomorrow", |_, claims| claims["iat"] = (NOW + 86_400).into()),
        ("alg none", |header, _| header["alg"] = "none".into()),
        ("a MAC", |header, _| header["alg"] = "HS256".into()),
        ("an unknown key", |header, _| header["kid"] = "k7".into()),
    ];
    for (n, (what, bend)) in bends.into_iter().enumerate() {
        idp.bend(bend);
        let mut browser = Browser::at(10 + u8::try_from(n).unwrap());
        let told = visit(&mut browser, &house, &idp, "/").await;
        assert_eq!(told.status, 422, "{what}: {}", told.body);
        assert!(told.body.contains("cannot be believed"), "{what}: {}", told.body);
        assert!(!browser.has("caifeng_session"), "{what}");
    }
    idp.bend(|_, _| ());
    let bare = format!("{}.{}.", b64(r#"{"alg":"none"}"#), b64(json!({ "sub": SUBJECT }).to_string()));
    for token in [bare.as_str(), "", "a.b.c", "x"] {
        idp.with(|conduct| conduct.token = Some(token.to_owned()));
        assert_eq!(visit(&mut Browser::at(40), &house, &idp, "/").await.status, 422, "{token}");
    }
    idp.with(|conduct| conduct.token = None);
    assert_eq!(visit(&mut Browser::at(41), &house, &idp, "/").await.status, 303, "and the right one does");
    // Signed by somebody else with the same name for the key.
    let strange = Idp::open().await;
    let house = strange.house(|_| ());
    link(&house, "wang", SUBJECT);
    strange.with(|conduct| conduct.foreign = true);
    assert_eq!(visit(&mut Browser::at(1), &house, &strange, "/").await.status, 422);
}

#[tokio::test]
async fn a_way_back_is_of_one_browser_and_is_gone_once() {
    let idp = Idp::open().await;
    let house = idp.house(|_| ());
    link(&house, "wang", SUBJECT);
    let mut browser = Browser::at(1);
    let led = browser.get(&house, "/sign-in/provider?to=/incidents").await;
    let field = led.headers.get(header::SET_COOKIE).unwrap().to_str().unwrap();
    assert!(field.contains("HttpOnly") && field.contains("SameSite=Lax") && field.contains("Max-Age=600"), "{field}");
    let back = idp.agree(led.place());
    let kept = browser.clone();
    // A link that somebody else was sent, with a code that is good.
    let stale = |answer: &Answer| answer.status == 422 && answer.body.contains("Begin again");
    assert!(stale(&Browser::at(2).get(&house, &back).await), "another browser");
    let mut other = Browser::at(3);
    other.get(&house, "/sign-in/provider").await;
    assert!(stale(&other.get(&house, &back).await), "a browser on another way");
    for state in ["", "x", &"0".repeat(64)] {
        let bent = format!("/sign-in/callback?code=c0&state={state}");
        assert!(stale(&kept.clone().get(&house, &bent).await), "{state}");
    }
    assert!(stale(&kept.clone().get(&house, "/sign-in/callback").await));
    assert!(stale(&kept.clone().get(&house, &format!("{back}&state=twice")).await));
    assert_eq!(idp.asked().1, 0, "the code was shown to nobody");
    assert_eq!(browser.get(&house, &back).await.status, 303);
    assert!(browser.has("caifeng_session"));
    // The whole of it once more, cookie and all.
    let mut again = kept.clone();
    assert!(stale(&again.get(&house, &back).await) && !again.has("caifeng_session"));
    assert_eq!(idp.asked().1, 1);
    // Ten minutes are enough.
    let led = browser.get(&house, "/sign-in/provider").await;
    let back = idp.agree(led.place());
    house.pass(600);
    assert!(stale(&browser.get(&house, &back).await));
    // A session of before, whoever planted it, is not the one that begins, and ends.
    let mut planted = Browser::at(5);
    planted.sign_in(&house, "zhao", PASSWORD).await;
    let before = planted.clone();
    idp.bend(|_, claims| {
        claims["exp"] = (NOW + 900).into();
    });
    visit(&mut planted, &house, &idp, "/").await;
    assert_ne!(
        before.cookies.iter().find(|(name, _)| name == "caifeng_session"),
        planted.cookies.iter().find(|(name, _)| name == "caifeng_session")
    );
    assert_eq!(before.clone().get(&house, "/account").await.status, 303);
}

#[tokio::test]
async fn a_refusal_and_an_answer_of_another_provider_open_nothing() {
    let idp = Idp::open().await;
    let house = idp.house(|_| ());
    link(&house, "wang", SUBJECT);
    for (more, words) in
        [("&error=access_denied", "has not signed you in"), ("&iss=http://evil.example", "cannot be believed")]
    {
        let mut browser = Browser::at(1);
        let led = browser.get(&house, "/sign-in/provider").await;
        let told = browser.get(&house, &format!("{}{more}", idp.agree(led.place()))).await;
        assert!(told.status == 422 && told.body.contains(words), "{more}: {}", told.body);
        assert!(!browser.has("caifeng_session"));
    }
    assert_eq!(idp.asked().1, 0);
    for to in ["//evil.example", "https://evil.example/", "/\\evil.example", ""] {
        let to: String = url::form_urlencoded::byte_serialize(to.as_bytes()).collect();
        let entered = visit(&mut Browser::at(2), &house, &idp, &to).await;
        assert_eq!((entered.status, entered.place()), (303, "/"), "{to}");
    }
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_told_and_passwords_still_open() {
    let idp = Idp::open().await;
    let house = idp.house(|_| ());
    link(&house, "wang", SUBJECT);
    let down = async |browser: &mut Browser| {
        let told = browser.get(&house, "/sign-in/provider?to=/incidents").await;
        assert_eq!(told.status, 503, "{}", told.body);
        assert!(told.body.contains("Sign in with your password") && !told.body.contains("127.0.0.1"), "{}", told.body);
    };
    let huge = " ".repeat(crate::vouching::ANSWER + 1);
    for (n, answer) in
        [(500, String::new()), (200, "<html>".to_owned()), (302, String::new()), (200, huge)].into_iter().enumerate()
    {
        idp.with(|conduct| conduct.described = Some(answer));
        down(&mut Browser::at(1)).await;
        down(&mut Browser::at(2)).await;
        assert_eq!(idp.asked().0, n + 1, "it is left alone for a while");
        house.pass(15);
    }
    idp.with(|conduct| conduct.described = None);
    for answer in [(500, String::new()), (200, "{}".to_owned()), (401, json!({"error": "invalid_client"}).to_string())]
    {
        idp.with(|conduct| conduct.exchanged = Some(answer.clone()));
        let told = visit(&mut Browser::at(3), &house, &idp, "/").await;
        assert_eq!(told.status, if answer.0 == 200 { 422 } else { 503 }, "{answer:?}: {}", told.body);
    }
    assert_eq!(Browser::at(4).sign_in(&house, "wang", PASSWORD).await.status, 303);
    // One that is not there at all; and one that knows us by another secret.
    let provider = idp.provider(idp.config(), "another secret");
    let wrong = House::of(office_vouched(Vec::new(), Some(provider)));
    idp.with(|conduct| conduct.exchanged = None);
    assert_eq!(visit(&mut Browser::at(1), &wrong, &idp, "/").await.status, 503);
    let gone = {
        let idp = Idp::open().await;
        idp.house(|_| ())
    };
    let told = Browser::at(1).get(&gone, "/sign-in/provider").await;
    assert_eq!(told.status, 503, "{}", told.body);
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_way() {
    let house = House::new();
    let page = Browser::at(1).get(&house, "/sign-in").await.body;
    assert!(!page.contains("/sign-in/provider"));
    for path in ["/sign-in/provider", "/sign-in/callback?code=a&state=b"] {
        assert_eq!(Browser::at(1).get(&house, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn our_second_factor_is_asked_for_unless_the_operator_takes_the_providers() {
    let idp = Idp::open().await;
    let house = idp.house(|_| ());
    link(&house, "wang", SUBJECT);
    // The second factor is wang's own, added with a password.
    let mut at_home = Browser::at(1);
    at_home.sign_in(&house, "wang", PASSWORD).await;
    let secret = at_home.begin_factor(&house).await;
    let mut browser = Browser::at(2);
    let halfway = visit(&mut browser, &house, &idp, "/incidents").await;
    assert_eq!((halfway.status, halfway.place()), (303, "/sign-in/code?to=%2Fincidents"), "{}", halfway.body);
    assert!(!browser.has("caifeng_session"));
    assert_eq!(browser.get(&house, "/incidents").await.status, 303, "halfway is nowhere");
    let page = browser.get(&house, halfway.place()).await;
    assert!(page.status == 200 && page.body.contains("name=\"code\""), "{}", page.body);
    let wrong = browser.post(&house, "/sign-in/code", &[("code", "000000"), ("to", "/incidents")]).await;
    assert_eq!(wrong.status, 422);
    house.pass(30);
    let code = house.code_of(&secret);
    let entered = browser.post(&house, "/sign-in/code", &[("code", &code), ("to", "/incidents")]).await;
    assert_eq!((entered.status, entered.place()), (303, "/incidents"), "{}", entered.body);
    assert!(house.record().iter().any(|event| matches!(
        event,
        UserEvent::SignedIn { by: Some(_), after: Some(crate::user::Shown::Factor), .. }
    )));
    // Unlinked between the two steps: the first does not hold any more.
    let mut late = Browser::at(3);
    visit(&mut late, &house, &idp, "/").await;
    let unlink = UserChange::Identity { user: "wang".to_owned(), name: None };
    house.office.owner.clerk.store.change_user(&house.admin, unlink, NOW).unwrap();
    house.pass(30);
    let code = house.code_of(&secret);
    assert_eq!(late.post(&house, "/sign-in/code", &[("code", &code)]).await.status, 422);
    assert_eq!(browser.get(&house, "/incidents").await.status, 303, "and the sessions have ended");

    let trusting = idp.house(|config| config.trust_second_factor = true);
    link(&trusting, "qian", SUBJECT);
    let mut browser = Browser::at(4);
    assert_eq!(visit(&mut browser, &trusting, &idp, "/incidents").await.place(), "/incidents");
    assert_eq!(browser.get(&trusting, "/incidents").await.status, 200, "the legal officer has shown one there");
    let asking = idp.house(|_| ());
    link(&asking, "qian", SUBJECT);
    let mut browser = Browser::at(5);
    visit(&mut browser, &asking, &idp, "/incidents").await;
    assert_eq!(browser.get(&asking, "/incidents").await.place(), "/account/factor", "and adds one of ours first here");
}

#[tokio::test]
async fn a_name_that_is_given_to_somebody_else_there_opens_nothing_here() {
    let idp = Idp::open().await;
    let house = idp.house(|config| config.claim = "email".to_owned());
    link(&house, "wang", "LI@example.cn");
    assert_eq!(visit(&mut Browser::at(1), &house, &idp, "/").await.status, 303);
    idp.bend(|_, claims| claims["sub"] = "somebody-else".into());
    assert_eq!(visit(&mut Browser::at(2), &house, &idp, "/").await.status, 403);
    idp.bend(|_, claims| claims["email_verified"] = false.into());
    assert_eq!(visit(&mut Browser::at(3), &house, &idp, "/").await.status, 422);
    // Whoever adds people links them anew.
    link(&house, "wang", "li@example.cn");
    idp.bend(|_, claims| claims["sub"] = "somebody-else".into());
    assert_eq!(visit(&mut Browser::at(2), &house, &idp, "/").await.status, 303);
    idp.bend(|_, _| ());
    assert_eq!(visit(&mut Browser::at(1), &house, &idp, "/").await.status, 403);
}

#[tokio::test]
async fn new_keys_are_looked_for_and_not_with_every_answer() {
    let idp = Idp::open().await;
    let house = idp.house(|_| ());
    link(&house, "wang", SUBJECT);
    assert_eq!(visit(&mut Browser::at(1), &house, &idp, "/").await.status, 303);
    idp.with(|conduct| (conduct.pair, conduct.kid) = (pair(), "k2".to_owned()));
    // A moment ago it was asked: whoever makes up names of keys does not have us ask for each.
    assert_eq!(visit(&mut Browser::at(1), &house, &idp, "/").await.status, 422);
    assert_eq!(idp.asked().0, 1);
    house.pass(60);
    assert_eq!(visit(&mut Browser::at(1), &house, &idp, "/").await.status, 303);
    assert_eq!(idp.asked().0, 2);
}

#[tokio::test]
async fn codes_that_are_made_up_are_braked_for_their_address_only() {
    let idp = Idp::open().await;
    let house = idp.house(|_| ());
    link(&house, "wang", SUBJECT);
    let mut statuses = Vec::new();
    for _ in 0..70 {
        let mut browser = Browser::at(6);
        let led = browser.get(&house, "/sign-in/provider").await;
        let state = idp.agree(led.place());
        let state = state.split_once("state=").unwrap().1;
        statuses.push(browser.get(&house, &format!("/sign-in/callback?code=guess&state={state}")).await.status);
    }
    assert_eq!((statuses[0], statuses[59], statuses[69]), (422, 422, 429), "{statuses:?}");
    assert_eq!(idp.asked().1, 60, "the provider is not asked any more");
    assert_eq!(visit(&mut Browser::at(7), &house, &idp, "/").await.status, 303, "another address");
    assert_eq!(Browser::at(6).sign_in(&house, "zhao", PASSWORD).await.status, 303, "a password from there");
}

#[tokio::test]
async fn what_was_typed_is_not_lost_on_the_way_to_a_provider() {
    let idp = Idp::open().await;
    let house = idp.house(|_| ());
    link(&house, "wang", SUBJECT);
    let mut browser = Browser::at(1);
    let kept = browser.post(&house, "/account/password", &[("reason", "已核实")]).await;
    assert!(kept.body.contains("action=\"/sign-in/kept\"") && kept.body.contains("target=\"_blank\""), "{}", kept.body);
    let fields = [("to", "/account/password"), ("typed", "reason=%E5%B7%B2")];
    let still = browser.post(&house, "/sign-in/kept", &fields).await;
    assert!(still.body.contains("action=\"/sign-in\"") && still.body.contains("reason=%E5%B7%B2"), "{}", still.body);
    visit(&mut browser, &house, &idp, "/").await;
    let offered = browser.post(&house, "/sign-in/kept", &fields).await;
    assert!(offered.body.contains("action=\"/account/password\"") && offered.body.contains("已"), "{}", offered.body);
}
