//! Finding one answer in a recording again.
//!
//! An archive is read once from end to end and then holds addresses, dates and
//! places, not pages; a page is read when it is asked for. A request is known
//! by method, address (without fragment) and body. A record whose request is not in the
//! file counts as the answer to `GET`.
//!
//! What is held has a bound, whatever the file says: of bodies, ids and requests only
//! SHA-256 is kept, and indexing ends, with a problem that says where, when the
//! index is full.
//!
//! Given up: a file with one gzip member around all records is read from its
//! start for each page. It works, and slowly; recordings have a member for each record.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use caifeng_plugin_host::contract::{Method, Timestamp};
use sha2::{Digest, Sha256};
use url::Url;

use super::warc::{self, Http, Kind, ReadError, Reader, Record};

/// A recording and where each answer is in it.
#[derive(Debug)]
pub struct Archive {
    from: Source,
    entries: Vec<Entry>,
    by_key: HashMap<Sum, Vec<usize>>,
    problems: Vec<ReadError>,
}

/// SHA-256.
type Sum = [u8; 32];

/// What an index may hold.
#[derive(Clone, Copy)]
struct Bounds {
    /// Answers, and requests with a body, together.
    entries: usize,
    /// Bytes, about.
    bytes: usize,
    /// Problems told one by one.
    problems: usize,
}

/// Far more than a month of pages; at most some 300 MB of memory.
const BOUNDS: Bounds = Bounds { entries: 250_000, bytes: 256 << 20, problems: 100 };

/// Bytes that an entry costs besides its address: itself, its keys and what tables leave free.
const ENTRY: usize = 512;

/// One recorded answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The address as recorded.
    pub url: String,
    /// When it was recorded.
    pub date: Timestamp,
    /// SHA-256 of the body of a `POST`; `None` for `GET`, which it is unless the recorded
    /// request says otherwise.
    pub body: Option<[u8; 32]>,
    offset: u64,
    nth: u64,
}

#[derive(Debug)]
enum Source {
    File(PathBuf),
    Bytes(Arc<[u8]>),
}

/// What a request is known by.
fn key(url: &str, body: Option<Sum>) -> Sum {
    let url = Sha256::digest(canonical(url));
    Sha256::new().chain_update(url).chain_update(body.as_ref().map_or(&[][..], |sum| sum)).finalize().into()
}

fn sum(bytes: &[u8]) -> Sum {
    Sha256::digest(bytes).into()
}

/// The address as the fetcher would send it.
fn canonical(url: &str) -> String {
    Url::parse(url).map_or_else(
        |_| url.to_owned(),
        |mut url| {
            url.set_fragment(None);
            url.into()
        },
    )
}

impl Archive {
    /// Reads a file from end to end; pages stay on the disk.
    ///
    /// # Errors
    /// The file cannot be opened. What is wrong inside is in [`Archive::problems`].
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        Self::index(Source::File(path.to_owned()), file, BOUNDS)
    }

    /// Reads a recording that is in memory, such as the bundled demo.
    ///
    /// # Errors
    /// Never, in practice: memory can be read.
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> io::Result<Self> {
        let bytes = bytes.into();
        Self::index(Source::Bytes(Arc::clone(&bytes)), Cursor::new(bytes), BOUNDS)
    }

    fn index(from: Source, reader: impl Read, bounds: Bounds) -> io::Result<Self> {
        let mut found = Found::default();
        let mut problems = Vec::new();
        let mut untold = 0;
        for record in Reader::new(reader)? {
            match record {
                Ok(record) => {
                    if !found.add(&record, bounds) {
                        problems.push(ReadError::Full { offset: record.offset, answers: found.answers.len() });
                        break;
                    }
                }
                Err(error) if problems.len() < bounds.problems => problems.push(error),
                Err(_) => untold += 1,
            }
        }
        if untold > 0 {
            problems.push(ReadError::More { problems: untold });
        }
        let entries = found.entries();
        let mut by_key: HashMap<Sum, Vec<usize>> = HashMap::new();
        for (index, entry) in entries.iter().enumerate() {
            by_key.entry(key(&entry.url, entry.body)).or_default().push(index);
        }
        for places in by_key.values_mut() {
            // Stable: of two records of one second, the later in the file is the later one.
            places.sort_by_key(|&index| entries[index].date);
        }
        Ok(Self { from, entries, by_key, problems })
    }

    /// Every answer, in the order of the file.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What could not be read while indexing, to be shown with the results.
    #[must_use]
    pub fn problems(&self) -> &[ReadError] {
        &self.problems
    }

    /// The latest answer to this request, and not after `now` where that is given.
    #[must_use]
    pub fn find(&self, url: &str, method: &Method, now: Option<Timestamp>) -> Option<&Entry> {
        let body = match method {
            Method::Get => None,
            Method::Post(body) => Some(sum(body.as_bytes())),
        };
        let places = self.by_key.get(&key(url, body))?;
        let entries = places.iter().rev().map(|&index| &self.entries[index]);
        entries.into_iter().find(|entry| now.is_none_or(|now| entry.date <= now))
    }

    /// Reads the record of an entry of this archive.
    ///
    /// # Errors
    /// The file has changed since it was indexed, or the disk gave an error.
    pub fn record(&self, entry: &Entry) -> Result<Record, ReadError> {
        let io = |source| ReadError::Io { record: 1, offset: entry.offset, source };
        match &self.from {
            Source::File(path) => {
                let mut file = File::open(path).map_err(io)?;
                file.seek(SeekFrom::Start(entry.offset)).map_err(io)?;
                read_nth(file, entry)
            }
            Source::Bytes(bytes) => {
                let from = usize::try_from(entry.offset).ok().and_then(|offset| bytes.get(offset..));
                read_nth(from.unwrap_or_default(), entry)
            }
        }
    }
}

fn read_nth(from: impl Read, entry: &Entry) -> Result<Record, ReadError> {
    let io = |source| ReadError::Io { record: 1, offset: entry.offset, source };
    let mut records = Reader::new(from).map_err(io)?;
    let mut passed = 0;
    loop {
        let Some(record) = records.next() else {
            return Err(io(io::Error::new(io::ErrorKind::NotFound, "the recording has changed: open it again")));
        };
        if passed == entry.nth {
            return record.map(|mut record| {
                record.offset = entry.offset;
                record
            });
        }
        passed += 1;
    }
}

/// What one pass over the file collects.
#[derive(Default)]
struct Found {
    /// In file order, with the ids by which a request may be found.
    answers: Vec<(Entry, Sum, Sum)>,
    /// Record id of a request with a body, and of the response that it names, to that body.
    bodies: HashMap<Sum, Sum>,
    /// About, all that is held.
    bytes: usize,
}

impl Found {
    /// Takes note of a record; false when there is no room for it.
    fn add(&mut self, record: &Record, bounds: Bounds) -> bool {
        let id = |name| record.header(name).filter(|id| !id.is_empty()).map(|id| sum(id.as_bytes()));
        let ids = [id("warc-record-id"), id("warc-concurrent-to")];
        let posted = record.http.as_ref().filter(|http| http.method() == "POST");
        let answers = matches!((&record.kind, &record.http), (Kind::Response, Some(_)) | (Kind::Resource, None));
        let asked = (record.kind == Kind::Request).then_some(posted).flatten();
        if !answers && asked.is_none() {
            return true;
        }
        self.bytes += ENTRY + record.url.len();
        if self.bytes > bounds.bytes || self.answers.len() + self.bodies.len() / 2 >= bounds.entries {
            return false;
        }
        if let Some(http) = asked {
            let body = sum(&http.body);
            self.bodies.extend(ids.into_iter().flatten().map(|id| (id, body)));
        } else {
            let (url, date, offset, nth) = (record.url.clone(), record.date, record.offset, record.nth);
            let [own, other] = ids.map(Option::unwrap_or_default);
            self.answers.push((Entry { url, date, body: None, offset, nth }, own, other));
        }
        true
    }

    fn entries(self) -> Vec<Entry> {
        let Self { answers, bodies, .. } = self;
        let body = |own: &Sum, other: &Sum| bodies.get(own).or_else(|| bodies.get(other)).copied();
        answers.into_iter().map(|(entry, own, other)| Entry { body: body(&own, &other), ..entry }).collect()
    }
}

/// The answer in a record: status, fields and body as stored. A `resource` counts as 200.
#[must_use]
pub fn answer(record: Record) -> Option<Http> {
    if record.kind == Kind::Resource {
        let kind = warc::field(&record.headers, "content-type").unwrap_or("application/octet-stream").to_owned();
        return Some(Http {
            start: "HTTP/1.1 200 OK".to_owned(),
            status: 200,
            headers: vec![("Content-Type".to_owned(), kind)],
            body: record.block,
        });
    }
    record.http
}

#[cfg(test)]
mod tests {
    use super::super::warc::{Exchange, Sent, Writer};
    use super::*;

    fn exchange(url: &str, date: Timestamp, post: Option<&str>, body: &str) -> Exchange {
        let sent = Sent {
            method: if post.is_some() { "POST" } else { "GET" }.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: post.unwrap_or_default().as_bytes().to_vec(),
        };
        Exchange { date, sent, status: 200, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    fn recording(gzip: bool) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), gzip, [0; 16]);
        writer.warcinfo("test", 0).unwrap();
        for (url, date, post, body) in [
            ("http://a.example/", 100, None, "first"),
            ("http://a.example/", 300, None, "third"),
            ("http://a.example/", 200, None, "second"),
            ("http://a.example/", 200, Some("q=1"), "asked"),
            ("http://b.example/x", 100, None, "other"),
        ] {
            writer.exchange(&exchange(url, date, post, body)).unwrap();
        }
        writer.finish().unwrap()
    }

    fn body(archive: &Archive, url: &str, method: &Method, now: Option<i64>) -> Option<String> {
        let record = archive.record(archive.find(url, method, now)?).unwrap();
        Some(String::from_utf8(answer(record).unwrap().body).unwrap())
    }

    #[test]
    fn the_latest_answer_that_is_not_too_late_is_found() {
        let packed_whole = {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            io::Write::write_all(&mut out, &recording(false)).unwrap();
            out.finish().unwrap()
        };
        for bytes in [recording(false), recording(true), packed_whole] {
            let archive = Archive::from_bytes(bytes).unwrap();
            assert_eq!(archive.entries().len(), 5);
            let get = |url, now| body(&archive, url, &Method::Get, now);
            assert_eq!(get("http://a.example/#top", None).as_deref(), Some("third"));
            assert_eq!(get("HTTP://A.example", Some(299)).as_deref(), Some("second"));
            assert_eq!(get("http://a.example/", Some(99)), None);
            assert_eq!(get("http://b.example/x", None).as_deref(), Some("other"));
            assert_eq!(get("http://b.example/y", None), None);
            let post = |text: &str| body(&archive, "http://a.example/", &Method::Post(text.to_owned()), None);
            assert_eq!((post("q=1").as_deref(), post("q=2")), (Some("asked"), None));
        }
    }

    #[test]
    fn what_is_held_of_a_file_has_a_bound() {
        let bytes: Arc<[u8]> = recording(true).into();
        let index = |bounds| {
            let from = Source::Bytes(Arc::clone(&bytes));
            Archive::index(from, Cursor::new(Arc::clone(&bytes)), bounds).unwrap()
        };
        let told = |archive: &Archive| archive.problems().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(told(&index(BOUNDS)), [] as [&str; 0]);
        let urls = "http://a.example/".len();
        for bounds in [Bounds { entries: 3, ..BOUNDS }, Bounds { bytes: 3 * (ENTRY + urls), ..BOUNDS }] {
            let archive = index(bounds);
            assert_eq!(archive.entries().len(), 3);
            assert_eq!(body(&archive, "http://a.example/", &Method::Get, None).as_deref(), Some("third"));
            let [problem] = &told(&archive)[..] else { panic!("{:?}", archive.problems()) };
            assert!(problem.contains("after 3 answers") && problem.contains("split it"), "{problem}");
        }

        let mut bad = recording(false);
        let text = String::from_utf8(bad.clone()).unwrap().replace("\r\n\r\nHTTP/1.1 200", "\r\n\r\n<html> <bod>");
        bad = text.into_bytes();
        let bounds = Bounds { problems: 2, ..BOUNDS };
        let archive = Archive::index(Source::Bytes(Arc::from(&[][..])), Cursor::new(bad), bounds).unwrap();
        let told = told(&archive);
        assert_eq!((told.len(), &*told[2]), (3, "3 more records could not be read"));
    }

    #[test]
    fn a_cut_recording_is_used_as_far_as_it_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cut.warc.gz");
        let whole = recording(true);
        std::fs::write(&path, &whole[..whole.len() - 20]).unwrap();
        let archive = Archive::open(&path).unwrap();
        assert_eq!((archive.entries().len(), archive.problems().len()), (4, 1));
        assert_eq!(body(&archive, "http://a.example/", &Method::Get, None).as_deref(), Some("third"));
    }
}
