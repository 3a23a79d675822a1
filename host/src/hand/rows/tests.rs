//! Rows of files as people make them, and as an attacker would.

use super::*;

/// The numbers of the good rows and of the bad ones, and what ended the file.
fn rows(name: &str, bytes: &[u8]) -> (Vec<u64>, Vec<u64>, Option<String>) {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let (mut good, mut wrong) = (Vec::new(), Vec::new());
    let format = Format::of(&path).unwrap();
    let read = read(&path, format, &Arc::default(), &mut |item| {
        match item {
            Item::Header { .. } => {}
            Item::Row { number, .. } => good.push(number),
            Item::Bad(bad) => wrong.push(bad.row),
        }
        ControlFlow::Continue(())
    });
    (good, wrong, read.err().map(|fault| fault.to_string()))
}

#[test]
fn delimiters_and_encodings_are_found() {
    for delimiter in [",", ";", "\t"] {
        let text = format!("标题{delimiter}正文\n停水{delimiter}两天\n");
        assert_eq!(rows("a.csv", text.as_bytes()), (vec![2], vec![], None), "{delimiter:?}");
        let (gbk, _, _) = encoding_rs::GBK.encode(&text);
        assert_eq!(rows("a.csv", &gbk), (vec![2], vec![], None), "{delimiter:?} in GBK");
        let utf16: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        assert_eq!(rows("a.csv", &utf16), (vec![2], vec![], None), "{delimiter:?} in UTF-16");
    }
}

#[test]
fn a_damaged_byte_costs_its_row_and_not_the_encoding() {
    let text = "标题,正文\n停水,城南停水两天没有通知\n路灯,桥东路路灯坏了半个月\n";
    let mut bytes = text.as_bytes().to_vec();
    let at = text.find("路灯").unwrap();
    bytes[at] = 0xff;
    let (good, _, fault) = rows("a.csv", &bytes);
    assert_eq!((good, fault), (vec![2, 3], None), "the row is handed over; making a post of it refuses it");
}

#[test]
fn a_row_without_end_ends_the_file_and_keeps_what_came_before() {
    let text = format!("title\ngood\n\"{}", "x".repeat(LONGEST as usize * 2));
    let (good, wrong, fault) = rows("a.csv", text.as_bytes());
    assert_eq!((good, wrong), (vec![2], vec![]));
    assert!(fault.unwrap().contains("not closed"));
}
