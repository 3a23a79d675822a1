use proptest::prelude::*;

use super::*;
use crate::contact::intake::{self, Format};

fn take(bytes: &[u8]) -> Intake {
    intake::read(bytes, Format::Vcard, &Defaults::default()).unwrap()
}

fn only(bytes: &[u8]) -> Contact {
    let intake = take(bytes);
    assert_eq!(intake.bad, []);
    let [taken] = &intake.taken[..] else { panic!("{intake:?}") };
    taken.contact.clone()
}

fn left_out(bytes: &[u8]) -> Vec<String> {
    take(bytes).left_out.into_iter().collect()
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn an_outlook_card_in_gbk_and_quoted_printable() {
    let card = include_bytes!("../../../../tests/contacts/outlook.vcf");
    let contact = only(card);
    assert_eq!(contact.organisation, "河北日报");
    assert_eq!(contact.department.as_deref(), Some("政法新闻部和群众工作部联合采访组"));
    assert_eq!((contact.role.as_str(), contact.name.as_deref()), ("记者", Some("王芳")));
    assert_eq!(contact.phones, ["+86 (311) 8866-1234", "+86 13900001111"], "not the one at home");
    assert_eq!(contact.emails, ["wangfang@hbrb.example.cn"]);
    assert_eq!(contact.links, ["http://www.hbrb.example.cn/"]);
    let out = left_out(card);
    for name in ["ADR (home)", "BDAY", "NOTE", "PHOTO", "TEL (home)"] {
        assert!(out.contains(&name.to_owned()), "{name}: {out:?}");
    }
}

#[test]
fn cards_of_a_telephone_folded_within_characters() {
    let card = include_bytes!("../../../../tests/contacts/ios.vcf");
    let intake = take(card);
    assert_eq!(intake.bad, []);
    let [moderator, desk] = &intake.taken[..] else { panic!("{intake:?}") };
    let long = "瓜州在线网络论坛社区管理与服务中心（本地生活版块、问政版块、求助版块）";
    assert_eq!((moderator.contact.kind, moderator.contact.organisation.as_str()), (Kind::Forum, long));
    assert_eq!(moderator.contact.name.as_deref(), Some("陈明"), "family name first, whatever FN says");
    assert_eq!(moderator.contact.links, ["https://bbs.example.cn/contact"]);
    assert_eq!(moderator.uid.as_deref(), Some("7f3c2a10-0000-4000-8000-000000000001"));
    assert_eq!((desk.contact.name.as_deref(), desk.contact.role.as_str()), (None, "新闻热线"), "a desk is no person");
    let text = format!("{intake:?}");
    for private in ["1604", "3号楼", "0937-1234567", "weibo.example", "AAECAw"] {
        assert!(!text.contains(private), "{private}");
    }
}

#[test]
fn a_card_of_google_and_one_of_version_four() {
    let google = only(include_bytes!("../../../../tests/contacts/google.vcf"));
    assert_eq!(google.organisation, "Guazhou Radio, TV & Film");
    assert_eq!((google.role.as_str(), google.name.as_deref()), ("Editor; night desk", Some("Li Na")));
    assert_eq!(google.links, ["https://gz.example.cn/news?a=1;b=2"]);
    assert_eq!(google.kind, Kind::Media, "nobody said otherwise");
    let four = only(include_bytes!("../../../../tests/contacts/four.vcf"));
    assert_eq!((four.organisation.as_str(), four.role.as_str()), ("酒泉广播电视台", "值班编辑"));
    assert_eq!(four.phones, ["+86-937-5551111"]);
}

#[test]
fn what_is_wrong_is_told_with_line_and_column() {
    let card = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:王;芳;;;\r\nTEL;TYPE=WORK:110\r\nTEL:=cmd|' /C calc'!A0\r\n\
                EMAIL:nobody\r\nEND:VCARD\r\nBEGIN:VCARD\r\nORG;CHARSET=klingon;ENCODING=QUOTED-PRINTABLE:=41\r\nEND:VCARD\r\n";
    let told: Vec<String> = take(card.as_bytes()).bad.iter().map(ToString::to_string).collect();
    let begins = [
        "1:1: organisation: missing",
        "1:1: role: missing",
        "5:5: phone: not a telephone number: \"=cmd",
        "6:7: email: not",
        "9:47: an unknown CHARSET: KLINGON",
    ];
    assert_eq!(told.len(), begins.len(), "{told:?}");
    for (told, begin) in told.iter().zip(begins) {
        assert!(told.starts_with(begin), "{begin}: {told}");
    }
    let broken = b"BEGIN:VCARD\nORG;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:=FF=FE\nEND:VCARD\n";
    assert!(take(broken).bad[0].to_string().starts_with("2:45: bytes that are no text"), "{:?}", take(broken).bad);
}

#[test]
fn what_a_card_lacks_may_be_said_for_it() {
    let card = "BEGIN:VCARD\nN:王;芳\nTEL:110\nEND:VCARD\n";
    let defaults = Defaults { kind: Some(Kind::Site), organisation: "河北日报".into(), role: "记者".into() };
    let taken = read(card, &defaults).taken.remove(0).contact;
    assert_eq!((taken.kind, taken.organisation.as_str(), taken.role.as_str()), (Kind::Site, "河北日报", "记者"));
}

#[test]
fn nothing_in_a_card_acts() {
    let card = "BEGIN:VCARD\nORG:=HYPERLINK(\"http://e.example\")\\, \u{202e}\u{1b}[31m河北\\n日报\nTITLE:记\\n者\nTEL:110\nEND:VCARD\n";
    let contact = only(card.as_bytes());
    assert_eq!(contact.organisation, "=HYPERLINK(\"http://e.example\"), [31m河北 日报");
    assert_eq!(contact.role, "记 者");
}

proptest! {
    #[test]
    fn whatever_is_kept_is_the_same_after_it_was_handed_out(
        organisation in "[一-丁a-c;,:\\\\'\"=+ @-]{1,20}", role in "[一-丁;,\\\\n ]{1,10}", name in "[一-丁a-c ,;]{0,8}",
        department in "[一-丁;,]{0,8}", phone in "[0-9+() -]{3,12}[0-9]{3}", link in "[a-c;,=&]{0,9}",
    ) {
        let draft = Draft {
            kind: Some(Kind::Forum), organisation, role, name, department, phones: vec![phone],
            emails: strings(&["a+b@c.example.cn"]), links: vec![format!("https://a.example/?{link}")],
        };
        if let Ok(contact) = Contact::new(&draft) {
            let written = write([("uid-1", &contact)]);
            let intake = take(written.as_bytes());
            prop_assert_eq!(&intake.bad, &vec![]);
            prop_assert_eq!(intake.taken[0].uid.as_deref(), Some("uid-1"));
            prop_assert_eq!(&intake.taken[0].contact, &contact, "{}", written);
        }
    }

    #[test]
    fn any_file_is_read_to_its_end(text in "(BEGIN:VCARD|END:VCARD|ORG|TEL|;ENCODING=QUOTED-PRINTABLE|;CHARSET=GBK|:|=|\n|\r| |\\\\|\"|王|[ -~]){0,60}") {
        let _ = intake::read(text.as_bytes(), Format::Vcard, &Defaults::default());
    }
}
