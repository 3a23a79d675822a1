//! Finding one answer in a recording again.
//!
//! An archive is read once from end to end and then holds addresses, dates and
//! places, not pages; a page is read when it is asked for. A request is known
//! by method, address (without fragment) and body. A record whose request is not in the
//! file counts as the answer to `GET`.
//!
//! Given up: a file with one gzip member around all records is read from its
//! start for each page. It works, and slowly; recordings have a member for each record.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use caifeng_plugin_host::contract::{Method, Timestamp};
use url::Url;

use super::warc::{self, Http, Kind, ReadError, Reader, Record};

/// A recording and where each answer is in it.
#[derive(Debug)]
pub struct Archive {
    from: Source,
    entries: Vec<Entry>,
    by_key: HashMap<Key, Vec<usize>>,
    problems: Vec<ReadError>,
}

/// One recorded answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The address as recorded.
    pub url: String,
    /// When it was recorded.
    pub date: Timestamp,
    /// `GET` unless the recorded request says otherwise.
    pub method: Method,
    offset: u64,
    nth: u64,
}

#[derive(Debug)]
enum Source {
    File(PathBuf),
    Bytes(Arc<[u8]>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    url: String,
    /// The body of a `POST`; `None` for `GET`.
    body: Option<Vec<u8>>,
}

impl Key {
    fn new(url: &str, method: &Method) -> Self {
        let body = match method {
            Method::Get => None,
            Method::Post(body) => Some(body.clone().into_bytes()),
        };
        Self { url: canonical(url), body }
    }
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
        Self::index(Source::File(path.to_owned()), file)
    }

    /// Reads a recording that is in memory, such as the bundled demo.
    ///
    /// # Errors
    /// Never, in practice: memory can be read.
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> io::Result<Self> {
        let bytes = bytes.into();
        Self::index(Source::Bytes(Arc::clone(&bytes)), Cursor::new(bytes))
    }

    fn index(from: Source, reader: impl Read) -> io::Result<Self> {
        let mut found = Found::default();
        let mut problems = Vec::new();
        for record in Reader::new(reader)? {
            match record {
                Ok(record) => found.add(&record),
                Err(error) => problems.push(error),
            }
        }
        let entries = found.entries();
        let mut by_key: HashMap<Key, Vec<usize>> = HashMap::new();
        for (index, entry) in entries.iter().enumerate() {
            by_key.entry(Key::new(&entry.url, &entry.method)).or_default().push(index);
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
        let places = self.by_key.get(&Key::new(url, method))?;
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
    answers: Vec<(Entry, String, String)>,
    /// Record id of a request, and of the response that it names, to its method and body.
    requests: HashMap<String, Method>,
}

impl Found {
    fn add(&mut self, record: &Record) {
        let text = |name| record.header(name).unwrap_or_default().to_owned();
        match (&record.kind, &record.http) {
            (Kind::Request, Some(http)) => {
                let method = method_of(http);
                for id in [text("warc-record-id"), text("warc-concurrent-to")] {
                    if !id.is_empty() {
                        self.requests.insert(id, method.clone());
                    }
                }
            }
            (Kind::Response, Some(_)) | (Kind::Resource, None) => {
                let entry = Entry {
                    url: record.url.clone(),
                    date: record.date,
                    method: Method::Get,
                    offset: record.offset,
                    nth: record.nth,
                };
                self.answers.push((entry, text("warc-record-id"), text("warc-concurrent-to")));
            }
            _ => {}
        }
    }

    fn entries(self) -> Vec<Entry> {
        let Self { answers, requests } = self;
        let method = |own: &str, other: &str| requests.get(own).or_else(|| requests.get(other)).cloned();
        answers
            .into_iter()
            .map(|(entry, own, other)| Entry { method: method(&own, &other).unwrap_or(Method::Get), ..entry })
            .collect()
    }
}

fn method_of(http: &Http) -> Method {
    match http.method() {
        "POST" => Method::Post(String::from_utf8_lossy(&http.body).into_owned()),
        _ => Method::Get,
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
