//! Bytes of a page to Unicode, whatever the page says about itself.
//!
//! In this order: byte order mark, `charset` of the Content-Type, XML
//! declaration, `<meta>`, guess. A declaration is believed unless the bytes
//! contradict it: a page that is called UTF-8 and is not, or that is called
//! GBK and is valid UTF-8, is read as what it is. One broken character in a
//! long page contradicts nothing; sites cut strings in the middle.
//!
//! GB2312 and GBK are read as GB18030, their superset (GB 18030-2022), and
//! ISO-8859-1 as windows-1252, as the WHATWG Encoding Standard says. UTF-32, which
//! that standard leaves out, is read where a mark, the label or its zeros show it.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, GBK, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// A decoded body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The text, without byte order mark; U+FFFD where bytes mean nothing.
    pub text: String,
    /// The name of the encoding, as the WHATWG standard spells it, or `UTF-32LE`, `UTF-32BE`.
    pub encoding: &'static str,
    /// What decided.
    pub how: How,
}

/// What decided an encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// A byte order mark.
    Mark,
    /// The Content-Type.
    Header,
    /// The XML declaration.
    Xml,
    /// A `<meta>` element.
    Meta,
    /// The bytes: nothing was declared, or what was declared is wrong.
    Guess,
}

/// Where declarations are looked for. The HTML standard says 1,024 bytes; pages with a long comment
/// or script before their `<meta>` are common enough to look further.
const PRESCAN: usize = 4_096;

/// Decodes a body; `content_type` is the value of the field, if there was one.
#[must_use]
pub fn decode(body: &[u8], content_type: Option<&str>) -> Decoded {
    if let Some(decoded) = by_mark(body) {
        return decoded;
    }
    for (how, label) in declarations(body, content_type) {
        if let Some(decoded) = by_label(body, &label, how) {
            return decoded;
        }
    }
    guess(body)
}

/// An encoding that may be declared or found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Standard(&'static Encoding),
    Utf32 { big: bool },
}

impl Coding {
    fn name(self) -> &'static str {
        match self {
            Self::Standard(encoding) => encoding.name(),
            Self::Utf32 { big: true } => "UTF-32BE",
            Self::Utf32 { big: false } => "UTF-32LE",
        }
    }

    fn decode(self, body: &[u8]) -> String {
        match self {
            Self::Standard(encoding) => encoding.decode_without_bom_handling(body).0.into_owned(),
            Self::Utf32 { big } => utf32(body, big),
        }
    }
}

fn utf32(body: &[u8], big: bool) -> String {
    body.chunks(4)
        .map(|unit| {
            let unit: [u8; 4] = unit.try_into().unwrap_or([0xff; 4]);
            let code = if big { u32::from_be_bytes(unit) } else { u32::from_le_bytes(unit) };
            char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
        })
        .collect()
}

fn by_mark(body: &[u8]) -> Option<Decoded> {
    let (coding, length) = match body {
        // Before UTF-16, whose mark is the first half of this one.
        [0xff, 0xfe, 0, 0, ..] => (Coding::Utf32 { big: false }, 4),
        [0, 0, 0xfe, 0xff, ..] => (Coding::Utf32 { big: true }, 4),
        [0xef, 0xbb, 0xbf, ..] => (Coding::Standard(UTF_8), 3),
        [0xff, 0xfe, ..] => (Coding::Standard(UTF_16LE), 2),
        [0xfe, 0xff, ..] => (Coding::Standard(UTF_16BE), 2),
        _ => return None,
    };
    Some(Decoded { text: coding.decode(&body[length..]), encoding: coding.name(), how: How::Mark })
}

fn declarations(body: &[u8], content_type: Option<&str>) -> Vec<(How, String)> {
    let head = &body[..body.len().min(PRESCAN)];
    let found = [
        (How::Header, content_type.and_then(|value| parameter(value.as_bytes()))),
        (How::Xml, xml_label(head)),
        (How::Meta, meta_label(head)),
    ];
    found.into_iter().filter_map(|(how, label)| Some((how, label?))).collect()
}

/// `None` when the label is unknown or the bytes contradict it.
fn by_label(body: &[u8], label: &str, how: How) -> Option<Decoded> {
    let coding = coding_of(label)?;
    let wide = matches!(coding, Coding::Utf32 { .. })
        || coding == Coding::Standard(UTF_16LE)
        || coding == Coding::Standard(UTF_16BE);
    if wide && !body.iter().take(PRESCAN).any(|b| *b == 0) {
        // A declaration that can be read byte by byte is not written in two bytes a character.
        return None;
    }
    if coding != Coding::Standard(UTF_8) && !wide && is_clearly_utf8(body) {
        return None;
    }
    let text = coding.decode(body);
    if is_wrong(&text) && Guess::of(body).beats(body, &text) {
        return None;
    }
    Some(Decoded { text, encoding: coding.name(), how })
}

fn coding_of(label: &str) -> Option<Coding> {
    let label = label.trim().to_ascii_lowercase();
    match &*label {
        "utf-32" | "utf32" | "utf-32le" | "ucs-4" => return Some(Coding::Utf32 { big: false }),
        "utf-32be" => return Some(Coding::Utf32 { big: true }),
        _ => {}
    }
    let encoding = Encoding::for_label(label.as_bytes()).or_else(|| alias(&label))?;
    match encoding {
        encoding if encoding == GBK => Some(Coding::Standard(GB18030)),
        encoding if encoding == REPLACEMENT => None,
        encoding => Some(Coding::Standard(encoding)),
    }
}

/// Names that pages use and the standard does not list.
fn alias(label: &str) -> Option<&'static Encoding> {
    let squeezed: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
    match &*squeezed {
        "utf8" | "utf8mb4" | "unicodeutf8" => Some(UTF_8),
        "gb2312" | "gb231280" | "gbk" | "gb18030" | "gb180302000" | "gb180302005" | "gb180302022" | "cp936"
        | "ms936" | "euccn" | "eucgb2312cn" => Some(GB18030),
        "big5" | "big5hkscs" | "cp950" | "ms950" => Some(encoding_rs::BIG5),
        "cp932" | "ms932" => Some(encoding_rs::SHIFT_JIS),
        "cp949" | "ms949" => Some(encoding_rs::EUC_KR),
        "cp1252" | "latin" => Some(WINDOWS_1252),
        _ => None,
    }
}

/// Valid UTF-8 in a way that another encoding does not produce by chance.
///
/// Half of the common characters of GB2312 have bytes that could be one character of two bytes in UTF-8, so
/// short phrases of it are valid by chance (停水通知 is); three such characters of three bytes, or eight of two, are not met.
fn is_clearly_utf8(body: &[u8]) -> bool {
    // A body may be cut at the size limit, in the middle of a character.
    let valid = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&body[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let beyond = |length: usize| valid.chars().filter(move |c| c.len_utf8() >= length);
    beyond(3).nth(2).is_some() || beyond(2).nth(7).is_some()
}

/// More than one character in twenty beyond ASCII means nothing.
fn is_wrong(text: &str) -> bool {
    let (beyond, broken) = damage(text);
    broken * 20 > beyond
}

/// Characters beyond ASCII, and how many of them are U+FFFD.
fn damage(text: &str) -> (usize, usize) {
    let beyond = text.chars().filter(|c| !c.is_ascii());
    beyond.fold((0, 0), |(all, broken), c| (all + 1, broken + usize::from(c == char::REPLACEMENT_CHARACTER)))
}

struct Guess {
    coding: Coding,
}

impl Guess {
    fn of(body: &[u8]) -> Self {
        if is_clearly_utf8(body) || std::str::from_utf8(body).is_ok() {
            return Self { coding: wide(body).unwrap_or(Coding::Standard(UTF_8)) };
        }
        if let Some(coding) = wide(body) {
            return Self { coding };
        }
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
        detector.feed(body, true);
        let found = detector.guess(None, Utf8Detection::Allow);
        Self { coding: Coding::Standard(if found == GBK { GB18030 } else { found }) }
    }

    /// Does the guess make more sense of the bytes than this text?
    fn beats(&self, body: &[u8], text: &str) -> bool {
        let (ours, theirs) = (damage(&self.coding.decode(body)), damage(text));
        ours.1 < theirs.1
    }
}

fn guess(body: &[u8]) -> Decoded {
    let coding = Guess::of(body).coding;
    Decoded { text: coding.decode(body), encoding: coding.name(), how: How::Guess }
}

/// UTF-16 or UTF-32 without a mark: ASCII leaves zeros at regular places.
fn wide(body: &[u8]) -> Option<Coding> {
    let head = &body[..body.len().min(PRESCAN) & !3];
    if head.len() < 4 {
        return None;
    }
    let mut zeros = [0_usize; 4];
    for unit in head.chunks_exact(4) {
        for (place, byte) in unit.iter().enumerate() {
            zeros[place] += usize::from(*byte == 0);
        }
    }
    let units = head.len() / 4;
    // Markup is mostly ASCII; in Chinese text without it, still one character in eight is.
    let often = |place: usize| zeros[place] * 8 >= units;
    let always = |place: usize| zeros[place] * 10 >= units * 9;
    match [often(0), often(1), often(2), often(3)] {
        [_, true, _, true] if always(2) && always(3) => Some(Coding::Utf32 { big: false }),
        [true, _, true, _] if always(0) && always(1) => Some(Coding::Utf32 { big: true }),
        [false, true, false, true] => Some(Coding::Standard(UTF_16LE)),
        [true, false, true, false] => Some(Coding::Standard(UTF_16BE)),
        _ => None,
    }
}

/// The value of `charset=` in a Content-Type, with or without quotes of either kind.
fn parameter(value: &[u8]) -> Option<String> {
    let lower = value.to_ascii_lowercase();
    let mut from = 0;
    while let Some(found) = find(&lower[from..], b"charset") {
        let rest = trim(&lower[from + found + 7..]);
        if let Some(rest) = rest.strip_prefix(b"=") {
            return quoted(trim(rest));
        }
        from += found + 7;
    }
    None
}

/// `encoding="…"` of `<?xml …?>`, which must come first; blanks before it are forgiven.
fn xml_label(head: &[u8]) -> Option<String> {
    let head = trim(head);
    if !head.get(..5)?.eq_ignore_ascii_case(b"<?xml") {
        return None;
    }
    let end = find(head, b"?>").unwrap_or(head.len().min(512));
    let found = find(&head[..end].to_ascii_lowercase(), b"encoding")?;
    quoted(trim(trim(&head[found + 8..end]).strip_prefix(b"=")?))
}

/// `<meta charset=…>` or `<meta http-equiv … content="…; charset=…">`, outside comments.
fn meta_label(head: &[u8]) -> Option<String> {
    let lower = head.to_ascii_lowercase();
    let mut from = 0;
    loop {
        let rest = &lower[from..];
        let meta = find(rest, b"<meta")?;
        if let Some(comment) = find(&rest[..meta], b"<!--") {
            from += comment + find(&rest[comment..], b"-->")? + 3;
            continue;
        }
        let element = &rest[meta..];
        let end = find(element, b">").unwrap_or(element.len());
        if let Some(label) = parameter(&element[..end]) {
            return Some(label);
        }
        from += meta + 5;
    }
}

fn quoted(value: &[u8]) -> Option<String> {
    let value = match value {
        [quote @ (b'"' | b'\''), rest @ ..] => rest.split(|b| b == quote).next()?,
        bare => bare.split(|b| b.is_ascii_whitespace() || b";,\"'>/?".contains(b)).next()?,
    };
    let label = std::str::from_utf8(trim(value)).ok()?;
    (!label.is_empty()).then(|| label.to_owned())
}

fn trim(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii()
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "<p>某市供水局关于停水的通知，请广大市民做好储水准备。</p>";

    fn of(encoding: &'static Encoding, before: &str) -> Vec<u8> {
        encoding.encode(&format!("{before}{TEXT}")).0.into_owned()
    }

    fn found(body: &[u8], header: Option<&str>) -> (&'static str, How, bool) {
        let decoded = decode(body, header);
        (decoded.encoding, decoded.how, decoded.text.ends_with(TEXT))
    }

    #[test]
    fn each_declaration_is_heard_in_its_order() {
        let gbk = of(GBK, "");
        assert_eq!(found(&gbk, Some("text/html; charset=GB2312")), ("gb18030", How::Header, true));
        assert_eq!(found(&gbk, Some("text/html;charset = 'gbk' ; x=y")), ("gb18030", How::Header, true));
        let xml = of(GBK, "<?xml version='1.0' encoding='gb_2312-80' ?>\n");
        assert_eq!(found(&xml, Some("application/xml")), ("gb18030", How::Xml, true));
        let meta =
            of(GBK, "<!-- <meta charset=utf-8> --><META name=x><META HTTP-EQUIV=a CONTENT='text/html; charset=gbk'>");
        assert_eq!(found(&meta, Some("text/html")), ("gb18030", How::Meta, true));
        let big5 = encoding_rs::BIG5.encode("<meta charset=\"big5\">臺灣").0.into_owned();
        assert_eq!(decode(&big5, None).text, "<meta charset=\"big5\">臺灣");
        let marked = [b"\xef\xbb\xbf", TEXT.as_bytes()].concat();
        assert_eq!(found(&marked, Some("text/html; charset=gbk")), ("UTF-8", How::Mark, true));
    }

    #[test]
    fn a_wrong_declaration_is_not_believed() {
        let gbk = of(GBK, "<meta charset=utf-8>");
        assert_eq!(found(&gbk, Some("text/html; charset=utf-8")), ("gb18030", How::Guess, true));
        let utf8 = TEXT.as_bytes();
        assert_eq!(found(utf8, Some("text/html; charset=gbk")), ("UTF-8", How::Guess, true));
        assert_eq!(found(utf8, Some("text/html; charset=iso-8859-1")), ("UTF-8", How::Guess, true));
        assert_eq!(found(utf8, Some("text/html; charset=utf-16")), ("UTF-8", How::Guess, true));
        assert_eq!(found(utf8, Some("text/html; charset=klingon")), ("UTF-8", How::Guess, true));
    }

    #[test]
    fn a_phrase_that_is_valid_in_two_encodings_is_read_as_declared() {
        let body = GBK.encode("停水通知").0.into_owned();
        assert!(std::str::from_utf8(&body).is_ok());
        assert_eq!(decode(&body, Some("text/plain; charset=gbk")).text, "停水通知");
    }

    #[test]
    fn one_broken_character_contradicts_nothing() {
        let mut body = TEXT.as_bytes().to_vec();
        body.splice(6..6, [0xe4, 0xb8]);
        let decoded = decode(&body, Some("text/html; charset=utf-8"));
        assert_eq!((decoded.encoding, decoded.how), ("UTF-8", How::Header));
        assert_eq!(decoded.text.matches(char::REPLACEMENT_CHARACTER).count(), 1);
    }

    #[test]
    fn wide_encodings_are_found_without_a_mark() {
        let text = format!("<?xml version=\"1.0\"?>{TEXT}");
        let forms: [(&str, Vec<u8>); 4] = [
            ("UTF-16LE", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            ("UTF-16BE", text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            ("UTF-32LE", text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect()),
            ("UTF-32BE", text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect()),
        ];
        for (name, body) in forms {
            assert_eq!(found(&body, None), (name, How::Guess, true));
        }
        assert_eq!(decode(b"\xff\xfe\0\0a\0\0\0b\0\0", None).text, "a\u{fffd}");
        assert_eq!(decode(b"", Some("text/html")).text, "");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_have_some_text(head in 0_usize..7, body in proptest::collection::vec(proptest::num::u8::ANY, 0..300), header in ".{0,30}") {
            let heads: [&[u8]; 7] =
                [b"", b"\xff\xfe\0\0", b"\xfe\xff", b"<?xml encoding=", b"<?xml version='1.0' encoding='", b"<meta charset=", b"<!-- <meta"];
            let body = [heads[head], &body].concat();
            let decoded = decode(&body, Some(&format!("text/html; charset={header}")));
            proptest::prop_assert!(body.is_empty() || !decoded.encoding.is_empty());
        }

        #[test]
        fn declared_text_is_read_as_declared(text in "[\u{4e00}-\u{9fa5}，。a-z ]{0,60}") {
            let body = GBK.encode(&text).0.into_owned();
            proptest::prop_assert_eq!(decode(&body, Some("text/html; charset=gbk")).text, text.clone());
            proptest::prop_assert_eq!(decode(text.as_bytes(), Some("text/html; charset=utf-8")).text, text);
        }
    }

    /// The recorded pages with known encodings; their truth is strict decoding, not their declarations.
    #[test]
    fn the_recorded_pages_are_read_as_what_they_are() {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/charset");
        let Ok(rows) = std::fs::read_to_string(dir.join("expected.jsonl")) else {
            println!("skipped: no recorded data beside the repository");
            return;
        };
        let mut wrong = Vec::new();
        for row in rows.lines() {
            let row: serde_json::Value = serde_json::from_str(row).unwrap();
            let (file, label) = (row["file"].as_str().unwrap(), row["encoding"].as_str().unwrap());
            let mut body = std::fs::read(dir.join(file)).unwrap();
            if file.ends_with(".gz") {
                let mut whole = Vec::new();
                std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&*body), &mut whole).unwrap();
                body = whole;
            }
            let decoded = decode(&body, None);
            let truth = match label {
                "utf-8-sig" => Coding::Standard(UTF_8),
                "windows-1251-russian" => Coding::Standard(encoding_rs::WINDOWS_1251),
                label => coding_of(label).unwrap(),
            };
            let expected = by_mark(&body).map_or_else(|| truth.decode(&body), |marked| marked.text);
            if decoded.text != expected {
                wrong.push(format!("{file}: {label} read as {} by {:?}", decoded.encoding, decoded.how));
            }
        }
        let all = rows.lines().count();
        println!("{} of {all}", all - wrong.len());
        assert!(wrong.len() * 100 <= all, "{} of {all} wrong:\n{}", wrong.len(), wrong.join("\n"));
    }

    /// The recorded feeds, beside the encoding in which the reference parser read them.
    #[test]
    fn the_recorded_feeds_are_read_as_by_the_reference() {
        let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
        let Ok(file) = std::fs::File::open(data.join("warc/feeds.warc.gz")) else {
            println!("skipped: no recorded data beside the repository");
            return;
        };
        let mut truth = std::collections::HashMap::new();
        for name in ["feedparser", "other"] {
            let rows = std::fs::read_to_string(data.join(format!("feeds/{name}.expected.jsonl"))).unwrap();
            for row in rows.lines() {
                let row: serde_json::Value = serde_json::from_str(row).unwrap();
                let encoding = row["parsed"]["encoding"].as_str().unwrap_or("utf-8").to_owned();
                truth.insert(format!("http://recorded.example/{}", row["file"].as_str().unwrap()), encoding);
            }
        }
        let (mut all, mut wrong) = (0, Vec::new());
        for record in crate::evidence::warc::Reader::new(file).unwrap() {
            let record = record.unwrap();
            let Some(http) = record.http else { continue };
            all += 1;
            let body = http.payload(1 << 24).unwrap();
            let decoded = decode(&body, http.header("content-type"));
            let expected = &truth[&record.url];
            let text =
                coding_of(expected).map(|coding| by_mark(&body).map_or_else(|| coding.decode(&body), |d| d.text));
            if text.as_ref() != Some(&decoded.text) {
                wrong.push(format!("{}: {expected} read as {} by {:?}", record.url, decoded.encoding, decoded.how));
            }
        }
        println!("{} of {all} feeds", all - wrong.len());
        // One of them is line noise, in no encoding at all.
        assert!(all > 1_000 && wrong.len() <= 1, "{}", wrong.join("\n"));
    }
}
