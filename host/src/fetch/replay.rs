//! Answers from a recording: the same decisions as [`super::live`], and no network.
//!
//! The guard is not asked, because nothing is reached; the grant is, so that a
//! drill refuses what the real thing would. Redirects are followed
//! within the recording.

use caifeng_plugin_host::contract::{Method, Request, Response, Timestamp};

use super::{Allow, FetchError, Fetched, MAX_HOPS, Session, address, allowed, charset, kept, redirect, settle};
use crate::evidence::archive::{Archive, answer};
use crate::evidence::warc::{Exchange, Http, Record, Sent, field};

/// Bytes of a recorded body, decompressed.
pub const MAX_BODY: u64 = 32 << 20;

/// A recording that answers.
#[derive(Debug)]
pub struct Replay {
    archive: Archive,
}

impl Replay {
    /// Answers with the latest record of each address.
    #[must_use]
    pub const fn new(archive: Archive) -> Self {
        Self { archive }
    }

    /// The recording, for its list of addresses and its problems.
    #[must_use]
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// Looks for the answer to one request; none that was recorded after `at`, where that is given.
    ///
    /// # Errors
    /// [`FetchError::Missing`], or what the live fetcher would say to the recorded answer.
    pub fn fetch(&self, session: &Session, request: &Request, allow: Allow<'_>) -> Result<Fetched, FetchError> {
        let mut url = address(&request.url)?;
        let mut method = request.method.clone();
        for _ in 0..=MAX_HOPS {
            allowed(&url, allow)?;
            let missing = || FetchError::Missing { url: url.to_string() };
            let entry = self.archive.find(url.as_str(), &method, session.at).ok_or_else(missing)?;
            let record = self.archive.record(entry).map_err(|e| FetchError::Network { detail: e.to_string() })?;
            let date = record.date;
            let http = answer(record).ok_or_else(missing)?;
            if session.recorder.is_some() {
                copy(session, url.as_str(), &method, date, &http)?;
            }
            let Some(next) = redirect(&url, http.status, &http.headers) else {
                return fetched(&entry.url, date, http);
            };
            if !matches!(http.status, 307 | 308) {
                method = Method::Get;
            }
            url = next?;
        }
        Err(FetchError::Network { detail: format!("more than {MAX_HOPS} redirects: {}", request.url) })
    }
}

/// Evidence is whole in its own directory: what a recording answers is copied there, with the date of the recording.
fn copy(session: &Session, url: &str, method: &Method, date: Timestamp, http: &Http) -> Result<(), FetchError> {
    let (name, body) = match method {
        Method::Get => ("GET", Vec::new()),
        Method::Post(body) => ("POST", body.clone().into_bytes()),
    };
    // A body that cannot be unpacked is kept as it was recorded: the failure that it causes has its evidence too.
    let packed = |_| http.body.clone();
    let exchange = Exchange {
        date,
        sent: Sent { method: name.to_owned(), url: url.to_owned(), headers: Vec::new(), body },
        status: http.status,
        headers: kept(http.headers.clone()),
        body: http.payload(MAX_BODY).unwrap_or_else(packed),
    };
    super::live::record(session, &exchange)
}

/// The answer in one record, as a plugin gets it; `None` when the record holds no answer.
///
/// # Errors
/// As [`Replay::fetch`]. A recorded redirect is an answer here.
#[must_use]
pub fn recorded(record: Record) -> Option<Result<Fetched, FetchError>> {
    use crate::evidence::warc::Kind;
    let answers = matches!(record.kind, Kind::Response | Kind::Resource);
    let (url, date) = (record.url.clone(), record.date);
    answers.then(|| answer(record).map(|http| fetched(&url, date, http))).flatten()
}

/// A saved file as the answer of an address, as a plugin gets it.
#[must_use]
pub fn saved(url: &str, content_type: Option<&str>, body: &[u8], fetched: Timestamp) -> Fetched {
    let headers = content_type.map(|value| ("Content-Type".to_owned(), value.to_owned()));
    decoded(url, 200, headers.into_iter().collect(), body, fetched)
}

fn fetched(url: &str, date: Timestamp, http: Http) -> Result<Fetched, FetchError> {
    settle(http.status, &http.headers, date)?;
    let body = http.payload(MAX_BODY).map_err(|e| match e {
        crate::evidence::warc::BodyError::TooLarge(limit) => FetchError::TooLarge { what: format!("{limit} bytes") },
        other => FetchError::Network { detail: other.to_string() },
    })?;
    Ok(decoded(url, http.status, http.headers, &body, date))
}

/// Decodes a body and puts an answer together; the live fetcher ends here too.
pub(super) fn decoded(
    url: &str,
    status: u16,
    headers: Vec<(String, String)>,
    body: &[u8],
    fetched: Timestamp,
) -> Fetched {
    let page = charset::decode(body, field(&headers, "content-type"));
    Fetched {
        response: Response { url: url.to_owned(), status, headers: kept(headers), body: page.text, fetched },
        bytes: body.len() as u64,
        encoding: (page.encoding, page.how),
        validator: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::warc::{Reader, Writer};

    fn recording(answers: &[(&str, u16, &str, &str)]) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), true, [0; 16]);
        for (url, status, header, body) in answers {
            let (name, value) = header.split_once(": ").unwrap();
            let sent = Sent { method: "GET".to_owned(), url: (*url).to_owned(), headers: Vec::new(), body: Vec::new() };
            let headers = vec![(name.to_owned(), value.to_owned()), ("Set-Cookie".to_owned(), "s=1".to_owned())];
            let body = encoding_rs::GBK.encode(body).0.into_owned();
            writer.exchange(&Exchange { date: 100, sent, status: *status, headers, body }).unwrap();
        }
        writer.finish().unwrap()
    }

    fn replay(answers: &[(&str, u16, &str, &str)]) -> Replay {
        Replay::new(Archive::from_bytes(recording(answers)).unwrap())
    }

    fn get(url: &str) -> Request {
        Request {
            step: "list".to_owned(),
            url: url.to_owned(),
            method: Method::Get,
            headers: Vec::new(),
            context: String::new(),
        }
    }

    #[test]
    fn a_recorded_page_is_found_and_decoded() {
        let replay = replay(&[
            ("http://a.example/old", 301, "Location: /new", ""),
            ("http://a.example/new", 200, "Content-Type: text/html; charset=gbk", "停水通知"),
        ]);
        let got = replay.fetch(&Session::default(), &get("http://a.example/old#x"), &|_| true).unwrap();
        assert_eq!((&*got.response.url, got.response.status, got.response.fetched), ("http://a.example/new", 200, 100));
        assert_eq!((&*got.response.body, got.bytes, got.encoding.0), ("停水通知", 8, "gb18030"));
        let names: Vec<_> = got.response.headers.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["Content-Type"]);
    }

    #[test]
    fn every_failure_has_its_name() {
        let replay = replay(&[
            ("http://a.example/loop", 302, "Location: /loop", ""),
            ("http://a.example/busy", 503, "Retry-After: 9", ""),
            ("http://a.example/away", 302, "Location: http://b.example/", ""),
            ("http://b.example/", 200, "X: y", "never"),
        ]);
        let inside = |url: &url::Url| url.host_str() == Some("a.example");
        let fail = |path: &str| {
            replay.fetch(&Session::default(), &get(&format!("http://a.example/{path}")), &inside).unwrap_err()
        };
        assert!(matches!(fail("loop"), FetchError::Network { .. }));
        assert!(matches!(fail("busy"), FetchError::RetryAfter { status: 503, wait } if wait.as_secs() == 9));
        assert!(matches!(fail("away"), FetchError::Refused { .. }));
        assert_eq!(fail("none"), FetchError::Missing { url: "http://a.example/none".to_owned() });
    }

    #[test]
    fn records_and_saved_files_are_read_alike() {
        let bytes = recording(&[("http://a.example/", 404, "X: y", "您访问的页面不存在")]);
        let mut answers = Reader::new(&*bytes).unwrap().filter_map(|r| recorded(r.unwrap()));
        let got = answers.next().unwrap().unwrap();
        assert_eq!((got.response.status, &*got.response.body), (404, "您访问的页面不存在"));
        assert!(answers.next().is_none());
        let page = encoding_rs::GBK.encode("<meta charset=gbk>好").0.into_owned();
        assert_eq!(saved("http://a.example/", Some("text/html"), &page, 5).response.body, "<meta charset=gbk>好");
    }

    #[test]
    fn the_recorded_web_is_read_whole() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/warc/feeds.warc.gz");
        let Ok(archive) = Archive::open(&path) else {
            println!("skipped: no recorded data beside the repository");
            return;
        };
        assert_eq!((archive.entries().len(), archive.problems().len()), (1_333, 0));
        let replay = Replay::new(archive);
        for entry in replay.archive().entries().iter().step_by(40) {
            let got = replay.fetch(&Session::default(), &get(&entry.url), &|_| true).unwrap();
            assert_eq!(got.response.url, entry.url);
        }
    }
}
