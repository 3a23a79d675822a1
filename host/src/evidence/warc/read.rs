//! The streaming reader: bytes in, records out, never more than one record in memory.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

use super::http::{Http, fields};
use super::{Kind, Record};

/// What a file may ask of the reader. The defaults fit recordings of pages.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the fields of one record.
    pub head: u64,
    /// Bytes of the block of one record, before its HTTP body is decompressed.
    pub block: u64,
    /// Bytes of the whole file, decompressed: what a bomb can cost.
    pub total: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { head: 64 << 10, block: 64 << 20, total: 16 << 30 }
    }
}

/// Why a record could not be read. `record` counts from 1; `offset` as in [`Record::offset`].
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file ends inside a record: what came before it is good. Reading ends.
    #[error(
        "the file ends in the middle of record {record} at byte {offset}: fetch it again, or use what was read before"
    )]
    Truncated {
        /// Which record.
        record: u64,
        /// Where it begins.
        offset: u64,
    },
    /// This is not a WARC record. Reading ends.
    #[error("record {record} at byte {offset} is not a WARC record: {why}")]
    Malformed {
        /// Which record.
        record: u64,
        /// Where it begins.
        offset: u64,
        /// What was found.
        why: String,
    },
    /// One record is too large; it is passed over and reading goes on.
    #[error("record {record} at byte {offset} is too large: {size} bytes")]
    TooLarge {
        /// Which record.
        record: u64,
        /// Where it begins.
        offset: u64,
        /// The size that it declares.
        size: u64,
    },
    /// The record says that it holds an HTTP message and does not. Reading goes on.
    #[error("record {record} at byte {offset} does not hold the HTTP message that it declares: {url}")]
    NotHttp {
        /// Which record.
        record: u64,
        /// Where it begins.
        offset: u64,
        /// Its address.
        url: String,
    },
    /// An index has no room for what follows. Reading ends.
    #[error(
        "the recording is too large to be indexed whole: it is used up to byte {offset}, after {answers} answers: split it into files"
    )]
    Full {
        /// Where the first record begins that is left out.
        offset: u64,
        /// How many are in the index.
        answers: usize,
    },
    /// So many records are bad that they are only counted.
    #[error("{problems} more records could not be read")]
    More {
        /// How many.
        problems: u64,
    },
    /// The disk or the compression gave an error. Reading ends.
    #[error("record {record} at byte {offset} cannot be read: {source}")]
    Io {
        /// Which record.
        record: u64,
        /// Where it begins.
        offset: u64,
        /// What happened.
        source: io::Error,
    },
}

/// Reads records one after another. An error may be followed by further
/// records; after one that ends reading comes `None`.
#[derive(Debug)]
pub struct Reader<R: Read> {
    from: BufReader<Source<R>>,
    limits: Limits,
    position: u64,
    record: u64,
    offset: u64,
    nth: u64,
    done: bool,
}

impl<R: Read> Reader<R> {
    /// A reader with the default limits; finds out by itself whether the file is compressed.
    ///
    /// # Errors
    /// The first bytes cannot be read.
    pub fn new(from: R) -> io::Result<Self> {
        Self::with_limits(from, Limits::default())
    }

    /// A reader with other limits.
    ///
    /// # Errors
    /// The first bytes cannot be read.
    pub fn with_limits(from: R, limits: Limits) -> io::Result<Self> {
        let mut counted = Counted { from: BufReader::new(from), consumed: 0 };
        let packed = counted.fill_buf()?.starts_with(&MAGIC);
        let source = if packed {
            Source::Gzip { decoder: Some(Box::new(GzDecoder::new(counted))), member: 0 }
        } else {
            Source::Plain(counted)
        };
        let from = BufReader::new(source);
        Ok(Self { from, limits, position: 0, record: 0, offset: u64::MAX, nth: 0, done: false })
    }

    fn record(&mut self) -> Result<Option<Record>, Stop> {
        if !self.begin()? {
            return Ok(None);
        }
        let head = self.head()?;
        let mut lines = head.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
        let version = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
        if !version.starts_with("WARC/") {
            let shown: String = version.chars().take(40).collect();
            return Err(Stop::Malformed(format!("it begins with {shown:?}")));
        }
        let headers = fields(lines);
        let size = super::field(&headers, "content-length").and_then(|v| v.parse().ok());
        let size: u64 = size.ok_or_else(|| Stop::Malformed("it has no content-length".to_owned()))?;
        if size > self.limits.block {
            self.pass(size)?;
            return Err(Stop::TooLarge(size));
        }
        let mut block = Vec::new();
        let read = (&mut self.from).take(size).read_to_end(&mut block)? as u64;
        self.count(read)?;
        if read < size {
            return Err(Stop::Truncated);
        }
        self.assemble(headers, block).map(Some)
    }

    fn assemble(&self, headers: Vec<(String, String)>, block: Vec<u8>) -> Result<Record, Stop> {
        let text = |name| super::field(&headers, name).unwrap_or_default();
        let kind = Kind::parse(text("warc-type"));
        let url = text("warc-target-uri").trim_start_matches('<').trim_end_matches('>').to_owned();
        let date = text("warc-date").parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_second);
        let http = text("content-type").starts_with("application/http");
        let response = matches!(kind, Kind::Response | Kind::Revisit);
        let (http, block) = match kind {
            Kind::Request | Kind::Response | Kind::Revisit if http => match Http::parse(&block, response) {
                Some(message) => (Some(message), Vec::new()),
                None => return Err(Stop::NotHttp(url)),
            },
            _ => (None, block),
        };
        Ok(Record { kind, url, date, headers, http, block, offset: self.offset, nth: self.nth })
    }

    /// Skips the empty lines between records; false at the end of the file.
    fn begin(&mut self) -> Result<bool, Stop> {
        loop {
            let byte = self.from.fill_buf().map(|ahead| ahead.first().copied());
            // Only now is it sure that the compressed member is the one the record is in.
            let start = self.from.get_ref().start(self.from.buffer().len());
            let byte = byte.inspect_err(|_| {
                // The record that should come next is the one that cannot be read.
                self.record += 1;
                self.offset = start;
            });
            match byte? {
                None => return Ok(false),
                Some(b'\r' | b'\n') => {
                    self.from.consume(1);
                    self.count(1)?;
                }
                Some(_) => {
                    let same_member = self.from.get_ref().is_gzip() && start == self.offset;
                    self.nth = if same_member { self.nth + 1 } else { 0 };
                    self.offset = start;
                    self.record += 1;
                    return Ok(true);
                }
            }
        }
    }

    /// The lines to the first empty one.
    fn head(&mut self) -> Result<Vec<u8>, Stop> {
        let mut head = Vec::new();
        loop {
            let before = head.len();
            let room = self.limits.head.saturating_sub(before as u64);
            let read = (&mut self.from).take(room).read_until(b'\n', &mut head)? as u64;
            self.count(read)?;
            let line = &head[before..];
            if line == b"\r\n" || line == b"\n" {
                head.truncate(before);
                return Ok(head);
            }
            if !line.ends_with(b"\n") {
                let full = head.len() as u64 >= self.limits.head;
                let foreign = before == 0 && !line.starts_with(b"WARC/") && !b"WARC/".starts_with(line);
                return Err(match (full, foreign) {
                    (true, _) => Stop::Malformed("its fields do not end".to_owned()),
                    (_, true) => Stop::Malformed("it does not begin with WARC/".to_owned()),
                    _ => Stop::Truncated,
                });
            }
        }
    }

    fn pass(&mut self, size: u64) -> Result<(), Stop> {
        self.count(size)?;
        let passed = io::copy(&mut (&mut self.from).take(size), &mut io::sink())?;
        if passed < size { Err(Stop::Truncated) } else { Ok(()) }
    }

    fn count(&mut self, bytes: u64) -> Result<(), Stop> {
        self.position = self.position.saturating_add(bytes);
        if self.position > self.limits.total {
            return Err(Stop::Malformed(format!("the file is larger than {} bytes decompressed", self.limits.total)));
        }
        Ok(())
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let stop = match self.record() {
            Ok(Some(record)) => return Some(Ok(record)),
            Ok(None) => {
                self.done = true;
                return None;
            }
            Err(stop) => stop,
        };
        self.done = !matches!(stop, Stop::TooLarge(_) | Stop::NotHttp(_));
        let (record, offset) = (self.record.max(1), if self.record == 0 { 0 } else { self.offset });
        Some(Err(match stop {
            Stop::Truncated => ReadError::Truncated { record, offset },
            Stop::Malformed(why) => ReadError::Malformed { record, offset, why },
            Stop::TooLarge(size) => ReadError::TooLarge { record, offset, size },
            Stop::NotHttp(url) => ReadError::NotHttp { record, offset, url },
            Stop::Io(source) if source.kind() == io::ErrorKind::UnexpectedEof => {
                ReadError::Truncated { record, offset }
            }
            Stop::Io(source) => ReadError::Io { record, offset, source },
        }))
    }
}

/// What ended one record, before its number and place are added.
enum Stop {
    Truncated,
    Malformed(String),
    TooLarge(u64),
    NotHttp(String),
    Io(io::Error),
}

impl From<io::Error> for Stop {
    fn from(source: io::Error) -> Self {
        Self::Io(source)
    }
}

const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Counts what was taken, not what was read ahead.
#[derive(Debug)]
struct Counted<R: Read> {
    from: BufReader<R>,
    consumed: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(out)?;
        self.consumed += read as u64;
        Ok(read)
    }
}

impl<R: Read> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.from.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.from.consume(amount);
        self.consumed += amount as u64;
    }
}

/// The file, decompressed. One `read` never crosses from one gzip member into
/// the next, so what is buffered above always belongs to `member`.
#[derive(Debug)]
enum Source<R: Read> {
    Plain(Counted<R>),
    Gzip { decoder: Option<Box<GzDecoder<Counted<R>>>>, member: u64 },
}

impl<R: Read> Source<R> {
    fn is_gzip(&self) -> bool {
        matches!(self, Self::Gzip { .. })
    }

    /// Where a record begins whose first byte is followed by `buffered` bytes read ahead.
    fn start(&self, buffered: usize) -> u64 {
        match self {
            Self::Plain(from) => from.consumed - buffered as u64,
            Self::Gzip { member, .. } => *member,
        }
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let (decoder, member) = match self {
            Self::Plain(from) => return from.read(out),
            Self::Gzip { decoder, member } => (decoder, member),
        };
        loop {
            let Some(open) = decoder else { return Ok(0) };
            let read = open.read(out)?;
            if read > 0 || out.is_empty() {
                return Ok(read);
            }
            let Some(mut rest) = decoder.take().map(|decoder| decoder.into_inner()) else {
                return Ok(0);
            };
            let ahead = rest.fill_buf()?;
            if ahead.is_empty() {
                return Ok(0);
            }
            // A buffer may end after the first byte of the next member.
            if !ahead.starts_with(&MAGIC[..ahead.len().min(2)]) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "something follows the last gzip member"));
            }
            *member = rest.consumed;
            *decoder = Some(Box::new(GzDecoder::new(rest)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const PAGE: &str = "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: <http://a.example/>\r\nWARC-Date: 2026-01-02T03:04:05Z\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: 44\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/x\r\n\r\nhey\r\n\r\n";

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Vec<Result<Record, ReadError>> {
        Reader::new(bytes).unwrap().collect()
    }

    #[test]
    fn one_record_has_its_parts() {
        let record = read(PAGE.as_bytes()).remove(0).unwrap();
        assert_eq!(
            (record.kind.clone(), &*record.url, record.date),
            (Kind::Response, "http://a.example/", 1_767_323_045)
        );
        let http = record.http.unwrap();
        assert_eq!((http.status, http.header("content-type"), &*http.body), (200, Some("text/x"), &b"hey"[..]));
    }

    #[test]
    fn every_packing_gives_the_same_records_and_says_where() {
        let member = packed(PAGE.as_bytes());
        let forms = [
            (PAGE.repeat(3).into_bytes(), vec![(0, 0), (PAGE.len() as u64, 0), (2 * PAGE.len() as u64, 0)]),
            (member.repeat(3), vec![(0, 0), (member.len() as u64, 0), (2 * member.len() as u64, 0)]),
            (packed(PAGE.repeat(3).as_bytes()), vec![(0, 0), (0, 1), (0, 2)]),
        ];
        for (bytes, places) in forms {
            let records: Vec<_> = read(&bytes).into_iter().map(Result::unwrap).collect();
            assert_eq!(records.iter().map(|r| (r.offset, r.nth)).collect::<Vec<_>>(), places);
            assert!(records.iter().all(|r| r.http == records[0].http));
        }
    }

    #[test]
    fn a_cut_file_gives_the_records_before_the_cut_and_one_error() {
        for whole in [PAGE.repeat(2).into_bytes(), packed(PAGE.as_bytes()).repeat(2)] {
            let one = whole.len() / 2;
            for cut in [one + 3, one + 30, whole.len() - 12] {
                let got = read(&whole[..cut]);
                assert_eq!(got.len(), 2, "cut at {cut}: {got:?}");
                assert!(got[0].is_ok());
                let Err(ReadError::Truncated { record: 2, offset }) = &got[1] else {
                    panic!("cut at {cut}: {:?}", got[1])
                };
                assert_eq!(*offset, one as u64);
            }
        }
    }

    #[test]
    fn what_is_no_warc_is_named() {
        for (bytes, says) in [
            (&b"<!DOCTYPE html>\n<p>\n\n"[..], "begins with \"<!DOCTYPE html>\""),
            (b"%PDF", "does not begin with WARC/"),
            (b"WARC/1.1\r\nWARC-Type: response\r\n\r\n", "no content-length"),
        ] {
            let got = read(bytes);
            let error = got[0].as_ref().unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
            assert_eq!(got.len(), 1);
        }
        assert!(read(b"").is_empty());
    }

    #[test]
    fn a_large_record_is_passed_over_and_a_bomb_ends() {
        let large =
            PAGE.replace("Content-Length: 44", "Content-Length: 5044").replace("hey", &"hey".repeat(1668)[..5003]);
        let all = format!("{large}{PAGE}");
        let limits = Limits { block: 1_000, ..Limits::default() };
        let got: Vec<_> = Reader::with_limits(all.as_bytes(), limits).unwrap().collect();
        assert!(matches!(got[0], Err(ReadError::TooLarge { size: 5_044, record: 1, offset: 0 })), "{got:?}");
        assert!(got[1].is_ok());

        let lie = PAGE.replace("Content-Length: 44", "Content-Length: 18446744073709551615");
        let got = read(lie.as_bytes());
        assert!(matches!(got[0], Err(ReadError::Malformed { .. })), "{got:?}");

        let bomb = packed(&vec![b'\n'; 5_000_000]);
        let limits = Limits { total: 100_000, ..limits };
        let got: Vec<_> = Reader::with_limits(&*bomb, limits).unwrap().collect();
        assert!(matches!(got[..], [Err(ReadError::Malformed { .. })]));
    }

    #[test]
    fn a_block_that_is_not_http_costs_one_record() {
        let bad = PAGE.replace("HTTP/1.1 200", "<html> <bod>");
        let got = read(format!("{bad}{PAGE}").as_bytes());
        assert!(matches!(&got[0], Err(ReadError::NotHttp { url, .. }) if url == "http://a.example/"), "{got:?}");
        assert!(got[1].is_ok());
    }

    proptest::proptest! {
        /// Whatever a file holds, reading ends, and damage costs no more than what follows it.
        #[test]
        fn damage_is_survived(at in 0_usize..500, with in proptest::collection::vec(proptest::num::u8::ANY, 0..40), packs in proptest::bool::ANY) {
            let mut bytes = PAGE.repeat(3).into_bytes();
            if packs {
                bytes = packed(PAGE.as_bytes()).repeat(3);
            }
            let before = at.min(bytes.len()) / (bytes.len() / 3);
            let end = (at + with.len()).min(bytes.len());
            bytes.splice(at.min(end)..end, with);
            let got = read(&bytes);
            let good = got.iter().take_while(|r| r.is_ok()).count();
            proptest::prop_assert!(good >= before.min(3), "{before} records lie before the damage: {got:?}");
            for record in got.into_iter().flatten() {
                if let Some(http) = record.http {
                    let _ = http.payload(10_000);
                }
            }
        }
    }
}
