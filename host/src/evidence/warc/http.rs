//! The HTTP message inside a record: head, body, and what was done to the body on its way.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::field;

/// Layers of one body: servers use one or two, and each may cost the whole limit.
const MOST_CODINGS: usize = 4;
/// Bytes of the head of a message: fields take many times their bytes once they are apart.
const MOST_HEAD: usize = 256 << 10;

/// An HTTP request or response as it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// `GET /path HTTP/1.1` or `HTTP/1.1 200 OK`.
    pub start: String,
    /// The status of a response; 0 for a request.
    pub status: u16,
    /// In the order stored; bytes that are not UTF-8 are read as Latin-1.
    pub headers: Vec<(String, String)>,
    /// As stored: perhaps still chunked or compressed; see [`Http::payload`].
    pub body: Vec<u8>,
}

/// Why a stored body cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It grows beyond the limit when decompressed.
    #[error("stored body is larger than {0} bytes when decompressed: raise the limit or leave the record out")]
    TooLarge(u64),
    /// It is packed in so many layers that undoing them is what it is for.
    #[error("stored body has {0} codings, more than {MOST_CODINGS}: leave the record out")]
    Codings(usize),
    /// Its coding is not one that is known.
    #[error("stored body has an unknown content-encoding: {0}")]
    Coding(String),
    /// It does not decompress.
    #[error("stored body is damaged: {0}")]
    Damaged(#[from] std::io::Error),
}

impl Http {
    /// Reads a stored message; `None` when it does not begin as one or its fields do not end.
    pub(super) fn parse(block: &[u8], response: bool) -> Option<Self> {
        let (head, body) = split_head(block);
        if head.len() > MOST_HEAD {
            return None;
        }
        let mut lines = head.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
        let start = latin(lines.next()?);
        let status = if response {
            let rest = start.strip_prefix("HTTP/")?;
            rest.split_ascii_whitespace().nth(1)?.parse().ok()?
        } else {
            0
        };
        Some(Self { start, status, headers: fields(lines), body: body.to_vec() })
    }

    /// The first field of this name, whatever its case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        field(&self.headers, name)
    }

    /// The method of a request.
    #[must_use]
    pub fn method(&self) -> &str {
        self.start.split_ascii_whitespace().next().unwrap_or_default()
    }

    /// The body without transfer and content coding (RFC 9112 §7.1, RFC 9110 §8.4).
    ///
    /// Many tools undo a coding and keep its field, so a body that does not
    /// look coded is taken as it is.
    ///
    /// # Errors
    /// See [`BodyError`]; `limit` is in bytes.
    pub fn payload(&self, limit: u64) -> Result<Vec<u8>, BodyError> {
        let transfer = self.header("transfer-encoding").unwrap_or_default().to_ascii_lowercase();
        let content = self.header("content-encoding").unwrap_or_default().to_ascii_lowercase();
        let codings = codings(&content);
        let layers = codings.clone().count() + self::codings(&transfer).count();
        if layers > MOST_CODINGS {
            return Err(BodyError::Codings(layers));
        }
        let chunked = transfer.contains("chunked");
        let mut body = if chunked { dechunk(&self.body) } else { None }.unwrap_or_else(|| self.body.clone());
        for coding in codings {
            body = undo(coding, body, limit)?;
        }
        if body.len() as u64 > limit {
            return Err(BodyError::TooLarge(limit));
        }
        Ok(body)
    }
}

/// The codings of a field, the last applied first.
fn codings(field: &str) -> impl Iterator<Item = &str> + Clone {
    field.rsplit(',').map(str::trim).filter(|c| !c.is_empty() && *c != "identity")
}

fn undo(coding: &str, body: Vec<u8>, limit: u64) -> Result<Vec<u8>, BodyError> {
    match coding {
        "gzip" | "x-gzip" if body.starts_with(&[0x1f, 0x8b]) => bounded(MultiGzDecoder::new(&*body), limit),
        "gzip" | "x-gzip" => Ok(body),
        "br" => match bounded(brotli_decompressor::Decompressor::new(&*body, 4_096), limit) {
            // It has no mark by which to know it.
            Err(BodyError::Damaged(_)) => Ok(body),
            other => other,
        },
        // Servers send both forms under this name: with the zlib header (right) and without.
        "deflate" => match bounded(ZlibDecoder::new(&*body), limit) {
            Err(BodyError::Damaged(_)) => match bounded(DeflateDecoder::new(&*body), limit) {
                Err(BodyError::Damaged(_)) => Ok(body),
                other => other,
            },
            other => other,
        },
        other => Err(BodyError::Coding(other.to_owned())),
    }
}

fn bounded(from: impl Read, limit: u64) -> Result<Vec<u8>, BodyError> {
    let mut out = Vec::new();
    from.take(limit.saturating_add(1)).read_to_end(&mut out)?;
    if out.len() as u64 > limit { Err(BodyError::TooLarge(limit)) } else { Ok(out) }
}

/// Undoes chunking; `None` when the body does not begin with a chunk. A cut body gives what is there.
fn dechunk(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len());
    let mut first = true;
    loop {
        let Some(end) = body.iter().position(|b| *b == b'\n') else {
            return if first { None } else { Some(out) };
        };
        let line = std::str::from_utf8(&body[..end]).unwrap_or("-");
        let size = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16);
        body = &body[end + 1..];
        match size {
            Err(_) if first => return None,
            Err(_) | Ok(0) => return Some(out),
            Ok(size) => {
                out.extend_from_slice(&body[..size.min(body.len())]);
                body = body.get(size..).unwrap_or_default();
                body = body.strip_prefix(b"\r\n").or_else(|| body.strip_prefix(b"\n")).unwrap_or(body);
            }
        }
        first = false;
    }
}

/// Head and rest at the first empty line; without one, all is head.
fn split_head(block: &[u8]) -> (&[u8], &[u8]) {
    let mut from = 0;
    while let Some(found) = block[from..].iter().position(|b| *b == b'\n') {
        let next = from + found + 1;
        let rest = &block[next..];
        if let Some(body) = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")) {
            return (&block[..next], body);
        }
        from = next;
    }
    (block, &[])
}

/// `Name: value` lines; a line that begins with a blank continues the one before it.
pub(super) fn fields<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    for line in lines.filter(|l| !l.is_empty()) {
        if matches!(line[0], b' ' | b'\t') {
            if let Some((_, value)) = out.last_mut() {
                value.push(' ');
                value.push_str(latin(line).trim());
            }
        } else if let Some(colon) = line.iter().position(|b| *b == b':') {
            out.push((latin(&line[..colon]).trim().to_owned(), latin(&line[colon + 1..]).trim().to_owned()));
        }
    }
    out
}

fn latin(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|b| char::from(*b)).collect(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn message(head: &str, body: &[u8]) -> Http {
        let mut block = format!("HTTP/1.1 200 OK\r\n{head}\r\n").into_bytes();
        block.extend_from_slice(body);
        Http::parse(&block, true).unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn head_and_body_are_told_apart() {
        let http = message("Content-Type: text/html;\r\n charset=gbk\r\nX: \u{e9}\r\n", b"one\r\n\r\ntwo");
        assert_eq!(http.status, 200);
        assert_eq!(http.header("content-type"), Some("text/html; charset=gbk"));
        assert_eq!(http.body, b"one\r\n\r\ntwo");
        let bare = Http::parse(b"HTTP/1.0 404\nA: b\n\nbody", true).unwrap();
        assert_eq!((bare.status, bare.header("a"), &*bare.body), (404, Some("b"), &b"body"[..]));
        assert_eq!(Http::parse(b"<html>", true), None);
        assert_eq!(Http::parse(format!("HTTP/1.0 200\n{}\nbody", "a:\n".repeat(1 << 17)).as_bytes(), true), None);
    }

    #[test]
    fn codings_are_undone_where_they_are_there() {
        let chunks = b"4;x=y\r\nwiki\r\n5\r\npedia\r\n0\r\n\r\n";
        assert_eq!(message("Transfer-Encoding: chunked\r\n", chunks).payload(100).unwrap(), b"wikipedia");
        assert_eq!(message("Transfer-Encoding: chunked\r\n", b"plain text").payload(100).unwrap(), b"plain text");
        assert_eq!(message("Transfer-Encoding: chunked\r\n", b"4\r\nwi").payload(100).unwrap(), b"wi");
        assert_eq!(message("Content-Encoding: gzip\r\n", &gzip(b"packed")).payload(100).unwrap(), b"packed");
        assert_eq!(message("Content-Encoding: gzip\r\n", b"already undone").payload(100).unwrap(), b"already undone");
        let mut deflated = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        deflated.write_all(b"raw deflate").unwrap();
        let deflated = deflated.finish().unwrap();
        assert_eq!(message("Content-Encoding: deflate\r\n", &deflated).payload(100).unwrap(), b"raw deflate");
    }

    #[test]
    fn brotli_is_undone() {
        // "停水通知", packed by the reference implementation.
        let packed = [
            27, 26, 0, 248, 29, 169, 81, 31, 157, 188, 42, 55, 239, 64, 78, 222, 119, 201, 8, 75, 91, 180, 100, 83, 2,
            64, 3, 220, 97, 7,
        ];
        assert_eq!(message("Content-Encoding: br\r\n", &packed).payload(100).unwrap(), "停水通知，停水通知".as_bytes());
        assert!(matches!(message("Content-Encoding: br\r\n", &packed).payload(9), Err(BodyError::TooLarge(9))));
        assert_eq!(message("Content-Encoding: br\r\n", b"<p>undone").payload(100).unwrap(), b"<p>undone");
    }

    #[test]
    fn codings_upon_codings_are_refused() {
        let mut body = b"deep".to_vec();
        for _ in 0..4 {
            body = gzip(&body);
        }
        assert_eq!(message("Content-Encoding: gzip, gzip, gzip, gzip\r\n", &body).payload(999).unwrap(), b"deep");
        for head in [
            "Content-Encoding: gzip, gzip, gzip, gzip, gzip\r\n",
            "Transfer-Encoding: gzip, chunked\r\nContent-Encoding: br,br,br\r\n",
        ] {
            let got = message(head, &body).payload(999);
            assert!(matches!(got, Err(BodyError::Codings(5))), "{got:?}");
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = gzip(&vec![0; 10_000_000]);
        let http = message("Content-Encoding: gzip\r\n", &bomb);
        assert!(matches!(http.payload(1_000), Err(BodyError::TooLarge(1_000))));
        assert!(matches!(message("Content-Encoding: zip9\r\n", b"x").payload(9), Err(BodyError::Coding(_))));
    }
}
