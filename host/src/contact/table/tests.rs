use proptest::prelude::*;

use super::*;
use crate::contact::intake::{self, Format};

fn take(bytes: &[u8]) -> Intake {
    intake::read(bytes, Format::Csv, &Defaults::default()).unwrap()
}

fn told(text: &str) -> Vec<String> {
    take(text.as_bytes()).bad.iter().map(ToString::to_string).collect()
}

#[test]
fn tables_of_google_and_outlook() {
    let google = take(include_bytes!("../../../../tests/contacts/google.csv"));
    assert_eq!(google.bad, []);
    let contact = &google.taken[0].contact;
    assert_eq!(
        (contact.organisation.as_str(), contact.role.as_str(), contact.name.as_deref()),
        ("河北日报", "记者", Some("王芳"))
    );
    assert_eq!(contact.phones, ["+86 311 8866 1234", "+86 139 0000 1111"], "not the one at home");
    assert!(google.left_out.contains("Birthday") && google.left_out.contains("phone (home)"), "{:?}", google.left_out);
    let outlook = take(include_bytes!("../../../../tests/contacts/outlook.csv"));
    assert_eq!(outlook.bad, []);
    let contact = &outlook.taken[0].contact;
    assert_eq!((contact.department.as_deref(), contact.name.as_deref()), (Some("政法部"), Some("王芳")));
    assert_eq!(contact.phones, ["+86 (311) 8866-1234", "13900001111"]);
    assert_eq!(contact.links, ["http://www.hbrb.example.cn/"]);
    assert!(outlook.left_out.contains("住宅电话") && outlook.left_out.contains("生日"), "{:?}", outlook.left_out);
    let old = take(include_bytes!("../../../../tests/contacts/google-old.csv"));
    assert_eq!(old.taken[0].contact.phones, Vec::<String>::new(), "the only number was one at home: {old:?}");
}

#[test]
fn what_is_wrong_is_told_with_line_and_cell() {
    let table = "单位,职务,电话,类别\n河北日报,记者,110,媒体\n,记者,110,\n\"河北\n日报\",编辑,\"110; 电话\",\n河北日报,记者,110,电台\na,b,c,d,e\n";
    let told = told(table);
    for (told, begin) in told.iter().zip([
        "3:1: organisation: missing",
        "4:3: phone: not a telephone number: \"电话\"",
        "6:4: kind: not one: \"电台\": write media, site, forum",
        "7:5: 5 cells, the first row has 4",
    ]) {
        assert!(told.starts_with(begin), "{begin}: {told}");
    }
    assert_eq!(told.len(), 4);
    let read = |text: &str| intake::read(text.as_bytes(), Format::Csv, &Defaults::default());
    assert!(read("a,b\n1,2\n").unwrap_err().starts_with("line 1: no column is known: name them 编号 uid"));
    assert!(read("单位,职务\n").unwrap_err().contains("no contact in it"));
    assert!(read(&"a,".repeat(2_000)).unwrap_err().contains("at most 1000"));
}

#[test]
fn our_table_opens_in_a_spreadsheet_and_holds_no_formula() {
    let draft = Draft {
        organisation: "=cmd|' /C calc'!A0".into(),
        role: "@记者".into(),
        phones: vec!["+86 311".into(), "110".into()],
        ..Draft::default()
    };
    let contact = Contact::new(&draft).unwrap();
    let written = write([("+uid", &contact)], Lang::Zh);
    assert!(written.starts_with("\u{feff}编号,类别,单位,部门,职务,姓名,电话,电子邮箱,网址\r\n"), "{written}");
    assert!(written.contains("'+uid,media,'=cmd|' /C calc'!A0,,'@记者,,'+86 311; 110,,\r\n"), "{written}");
    let back = take(written.as_bytes());
    assert_eq!((back.taken[0].uid.as_deref(), &back.taken[0].contact), (Some("+uid"), &contact));
}

proptest! {
    #[test]
    fn whatever_is_kept_is_the_same_after_it_was_handed_out(
        organisation in "[一-丁a-c;,\"'=+@ -]{1,20}", role in "[一-丁;,'=]{1,10}", name in "[一-丁a-c ,'\"]{0,8}",
        phone in "[0-9+() -]{3,12}[0-9]{3}", link in "[a-c;,=&]{0,9}", zh in any::<bool>(),
    ) {
        let draft = Draft {
            kind: Some(Kind::Site), organisation, role, name, phones: vec![phone, "110".into()],
            links: vec![format!("https://a.example/?{link}"), "https://b.example/".into()], ..Draft::default()
        };
        if let Ok(contact) = Contact::new(&draft) {
            let written = write([("uid-1", &contact)], if zh { Lang::Zh } else { Lang::En });
            let intake = take(written.as_bytes());
            prop_assert_eq!(&intake.bad, &vec![]);
            prop_assert_eq!(&intake.taken[0].contact, &contact, "{}", written);
        }
    }
}
