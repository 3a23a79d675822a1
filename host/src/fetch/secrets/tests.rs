use std::os::unix::fs::PermissionsExt as _;

use reqwest::header::{COOKIE, HeaderMap};

use super::*;

const MANIFEST: &str = r#"
id = "weibo"
version = "1.0.0"
name = "微博"
licence = "Apache-2.0"
[network]
allow = ["api.weibo.cn", "*.weibo.com", "target"]
[[target]]
kind = "keyword"
example = "停水"
[[step]]
name = "search"
[[secret]]
name = "access-token"
attach = "query:access_token"
to = "api.weibo.cn"
[[secret]]
name = "login"
attach = "cookie:SUB"
to = "*.weibo.com"
[[secret]]
name = "key"
attach = "header:X-Key"
to = "target"
"#;

fn credentials(text: &str) -> Credentials {
    let secrets = Secrets::parse(text, Path::new("secrets.toml")).unwrap();
    let manifest = Manifest::parse(MANIFEST).unwrap();
    secrets.credentials(&manifest, Url::parse("https://own.gov.cn/forum").ok())
}

fn all() -> Credentials {
    credentials(
        "[weibo]\naccess-token = \"2.00a/b+c&d\"\nlogin = \"_2A25xyz12\"\n[weibo.\"own.gov.cn\"]\nkey = \"k-0123456789\"\n",
    )
}

fn attached(to: &str) -> (String, HeaderMap) {
    let (mut url, mut fields) = (Url::parse(to).unwrap(), HeaderMap::new());
    fields.insert(COOKIE, "a=1; SUB=old; b=2".parse().unwrap());
    all().attach(&mut url, &mut fields);
    (url.into(), fields)
}

#[test]
fn each_secret_goes_to_its_host_and_to_no_other() {
    let (url, fields) = attached("https://api.weibo.cn/2/search?access_token=guess&q=%CD%A3");
    assert_eq!(url, "https://api.weibo.cn/2/search?q=%CD%A3&access_token=2.00a%2Fb%2Bc%26d");
    assert_eq!((fields[COOKIE].to_str().unwrap(), fields.len()), ("a=1; SUB=old; b=2", 1));
    let (url, fields) = attached("https://m.weibo.com/x");
    assert_eq!(
        (&*url, &fields[COOKIE], fields.len()),
        ("https://m.weibo.com/x", &"SUB=_2A25xyz12; a=1; b=2".parse().unwrap(), 1)
    );
    let (url, fields) = attached("https://own.gov.cn/x?y");
    assert_eq!((&*url, &fields["x-key"]), ("https://own.gov.cn/x?y", &"k-0123456789".parse().unwrap()));
    for other in ["https://weibo.com/", "https://weibo.cn/", "https://api.weibo.cn.evil.cn/"] {
        let (url, fields) = attached(other);
        assert_eq!(
            (&*url, fields.len(), &fields[COOKIE]),
            (other, 1, &"a=1; SUB=old; b=2".parse().unwrap()),
            "{other}"
        );
    }
}

#[test]
fn nothing_prints_a_secret() {
    let text = "[weibo]\naccess-token = \"hunter2hunter2\"\n";
    let secrets = Secrets::parse(text, Path::new("secrets.toml")).unwrap();
    let (mut url, mut fields) = (Url::parse("https://own.gov.cn/").unwrap(), HeaderMap::new());
    let credentials =
        credentials("[weibo]\nlogin = \"hunter2hunter2\"\n[weibo.\"OWN.gov.cn\"]\nkey = \"hunter2hunter2\"");
    credentials.attach(&mut url, &mut fields);
    assert_eq!(fields.len(), 1);
    let said = format!("{secrets:?} {credentials:?} {fields:?} {:?}", credentials.advice());
    assert!(!said.contains("hunter2") && said.contains("access-token"), "{said}");
}

#[test]
fn errors_name_the_place_and_never_the_value() {
    for (text, expected) in [
        ("[weibo]\nkey = hunter2hunter2\n", "secrets.toml:2"),
        ("[weibo]\nkey = \"hunter2hunter2\n", "secrets.toml:2"),
        ("key = \"hunter2hunter2\"\n", "secrets.toml:1"),
        ("[weibo]\n\nkey = 77777777\n", "secrets.toml:3"),
        ("[weibo]\nkey = \"hunter2\"\n", "[weibo] key: a secret has at least 8"),
        ("[weibo]\nkey = \"hunter2\\nhunter2\"\n", "[weibo] key: a secret is ASCII"),
    ] {
        let error = Secrets::parse(text, Path::new("secrets.toml")).unwrap_err();
        for said in [error.to_string(), format!("{error:?}")] {
            assert!(!said.contains("hunter2") && !said.contains("7777"), "{said}");
        }
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secrets.toml");
    assert_eq!(Secrets::read(&path).unwrap().plugins().count(), 0, "no file, no secrets");
    std::fs::write(&path, "[weibo]\nkey = \"hunter2hunter2\"\n").unwrap();
    for (mode, fine) in [(0o640, false), (0o604, false), (0o600, true), (0o400, true)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let read = Secrets::read(&path);
        assert_eq!(read.is_ok(), fine, "{mode:o}: {read:?}");
    }
}

#[test]
fn what_a_site_repeats_is_taken_out_in_every_spelling() {
    let credentials = all();
    for repeated in ["2.00a/b+c&d", "2.00a%2Fb%2Bc%26d", "2.00a%2fb%2bc%26d", "2.00a\\/b+c&d", "2.00a/b+c&amp;d"] {
        let mut text = format!("invalid token {repeated}!");
        credentials.scrub_text(&mut text);
        assert_eq!(text, "invalid token [secret]!", "{repeated}");
    }
    let mut body = b"\xcd\xa3 k-0123456789 \xff".to_vec();
    credentials.scrub(&mut body);
    assert_eq!(body, b"\xcd\xa3 [secret] \xff");
}

#[test]
fn what_is_missing_is_said_with_what_to_write() {
    let advice = credentials("[weibo]\naccess-token = \"12345678\"").advice().unwrap();
    assert!(advice.contains("\"login\"") && advice.contains("[weibo]") && advice.contains("secrets.toml"), "{advice}");
    assert_eq!(all().advice(), None);
}

#[test]
fn one_sites_secret_is_told_to_no_other_site() {
    let text = "[p]\nkey = \"of-nowhere\"\n[p.\"a.cn\"]\nkey = \"of-a-12345\"\n[p.\"b.cn\"]\nkey = \"of-b-12345\"\n";
    let secrets = Secrets::parse(text, Path::new("secrets.toml")).unwrap();
    let manifest = "id = \"p\"\nversion = \"1.0.0\"\nname = \"p\"\nlicence = \"MIT\"\n[network]\nallow = [\"target\"]\n\
                    [[secret]]\nname = \"key\"\nattach = \"bearer\"\nto = \"target\"\n";
    let manifest = Manifest::parse(manifest).unwrap();
    let told = |site: &str| {
        let credentials = secrets.credentials(&manifest, Url::parse(site).ok());
        let mut fields = HeaderMap::new();
        for asked in ["https://a.cn/x", "https://b.cn/x", "https://c.cn/x"] {
            credentials.attach(&mut Url::parse(asked).unwrap(), &mut fields);
        }
        let told = fields.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        (told, credentials.advice())
    };
    assert_eq!(told("https://a.cn/"), (Some("Bearer of-a-12345".to_owned()), None));
    assert_eq!(told("https://B.cn:8443/list"), (Some("Bearer of-b-12345".to_owned()), None));
    let (none, advice) = told("https://c.cn/");
    assert!(none.is_none() && advice.as_ref().is_some_and(|line| line.contains("[p.\"c.cn\"]")), "{advice:?}");
    assert_eq!(secrets.idle(&manifest), ["[p] key: say which site it is for: [p.\"site.example\"]"]);
    assert!(!format!("{secrets:?}").contains("of-a"), "{secrets:?}");
}

#[test]
fn a_section_for_what_is_no_site_is_refused_where_it_stands() {
    for (section, line) in [("[p.\"*.a.cn\"]", 2), ("[p.target]", 2), ("[p.\"a.cn\".deeper]", 2), ("[[p]]", 2)] {
        let error = Secrets::parse(&format!("\n{section}\nkey = \"hunter2hunter2\"\n"), Path::new("s")).unwrap_err();
        assert!(error.to_string().starts_with(&format!("s:{line}:")), "{section}: {error}");
    }
}
