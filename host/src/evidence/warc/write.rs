//! The writer: one exchange in, its request and response records out.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use caifeng_plugin_host::contract::Timestamp;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use sha2::{Digest, Sha256};

use super::labelled;

/// A request as it is recorded: before cookies and credentials are attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// `GET`, `POST`.
    pub method: String,
    /// Absolute address, without fragment.
    pub url: String,
    /// The fields that the host and the plugin set; `Host` is added when it is written.
    pub headers: Vec<(String, String)>,
    /// Empty for `GET`.
    pub body: Vec<u8>,
}

/// One request and its answer; each redirect is an exchange of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// When the answer came.
    pub date: Timestamp,
    /// What was asked.
    pub sent: Sent,
    /// The status of the answer.
    pub status: u16,
    /// Its fields, without those that described the transfer and without cookies.
    pub headers: Vec<(String, String)>,
    /// Its body: neither chunked nor compressed.
    pub body: Vec<u8>,
}

/// Writes records to anything.
///
/// Record ids are UUIDs of version 8 (RFC 9562) made from `seed`, a counter and
/// the block, so that the same seed and exchanges give the same bytes. Whoever
/// writes two files passes two seeds.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    packer: Option<Packer>,
    seed: [u8; 16],
    written: u64,
    record: Vec<u8>,
    packed: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// A writer of plain or compressed records (a gzip member for each).
    pub fn new(out: W, gzip: bool, seed: [u8; 16]) -> Self {
        let packer = gzip.then(|| Packer::new(Compression::default()));
        Self { out, packer, seed, written: 0, record: Vec::new(), packed: Vec::new() }
    }

    /// Compresses less and faster: for what is written while a sweep waits.
    #[must_use]
    pub fn fast(mut self) -> Self {
        self.packer = self.packer.map(|_| Packer::new(Compression::fast()));
        self
    }

    /// What is written to, for a caller that takes the bytes away record by record.
    pub const fn out_mut(&mut self) -> &mut W {
        &mut self.out
    }

    /// The record that begins a file: which software wrote it, and when.
    ///
    /// # Errors
    /// The disk gave one.
    pub fn warcinfo(&mut self, software: &str, date: Timestamp) -> io::Result<()> {
        let block = format!(
            "software: {software}\r\nformat: WARC file version 1.1\r\nconformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n"
        );
        let block = Block::new(block.into_bytes(), &[]);
        let id = self.id(&block);
        self.record("warcinfo", &id, date, &[("Content-Type", "application/warc-fields")], &block, None)
    }

    /// The two records of one exchange, the request first. Returns the SHA-256 of the answer's body.
    ///
    /// # Errors
    /// The disk gave one, or a date lies outside the years 0 to 9999.
    pub fn exchange(&mut self, exchange: &Exchange) -> io::Result<[u8; 32]> {
        let sent = &exchange.sent;
        let (request, response) = (request_block(sent), response_block(exchange));
        let (asked, answered) = (self.id(&request), self.id(&response));
        let fields = [
            ("WARC-Target-URI", &*sent.url),
            ("WARC-Concurrent-To", &answered),
            ("Content-Type", "application/http; msgtype=request"),
        ];
        let payload = Sha256::digest(&sent.body).into();
        self.record("request", &asked, exchange.date, &fields, &request, Some(payload))?;
        let fields = [
            ("WARC-Target-URI", &*sent.url),
            ("WARC-Concurrent-To", &asked),
            ("Content-Type", "application/http; msgtype=response"),
        ];
        let payload = Sha256::digest(&exchange.body).into();
        self.record("response", &answered, exchange.date, &fields, &response, Some(payload))?;
        Ok(payload)
    }

    /// Hands back what was written to, flushed.
    ///
    /// # Errors
    /// The disk gave one.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn record(
        &mut self,
        kind: &str,
        id: &str,
        date: Timestamp,
        fields: &[(&str, &str)],
        block: &Block<'_>,
        payload: Option<[u8; 32]>,
    ) -> io::Result<()> {
        let date = jiff::Timestamp::from_second(date).map_err(io::Error::other)?;
        let Self { record, packed, .. } = self;
        record.clear();
        write!(record, "WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: {id}\r\nWARC-Date: {date}\r\n")?;
        for (name, value) in fields {
            write!(record, "{name}: {}\r\n", one_line(value))?;
        }
        if let Some(payload) = payload {
            write!(record, "WARC-Payload-Digest: {}\r\n", labelled(&payload))?;
        }
        write!(record, "WARC-Block-Digest: {}\r\nContent-Length: {}\r\n\r\n", labelled(&block.digest), block.len())?;
        for part in [&block.head, block.body, b"\r\n\r\n"] {
            record.extend_from_slice(part);
        }
        // One call for each record: what is cut off is whole records, or one at the end.
        match &mut self.packer {
            None => self.out.write_all(record),
            Some(packer) => {
                packed.clear();
                packer.member(record, packed)?;
                self.out.write_all(packed)
            }
        }
    }

    fn id(&mut self, block: &Block<'_>) -> String {
        self.written += 1;
        let hash = Sha256::new()
            .chain_update(self.seed)
            .chain_update(self.written.to_le_bytes())
            .chain_update(block.digest)
            .finalize();
        let mut id = [0_u8; 16];
        id.copy_from_slice(&hash[..16]);
        id[6] = (id[6] & 0x0f) | 0x80;
        id[8] = (id[8] & 0x3f) | 0x80;
        let hex = crate::hex::hex(&id);
        format!("<urn:uuid:{}-{}-{}-{}-{}>", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}

/// What a record is about, in the two parts that it comes in.
struct Block<'a> {
    head: Vec<u8>,
    body: &'a [u8],
    /// SHA-256 of both.
    digest: [u8; 32],
}

impl<'a> Block<'a> {
    fn new(head: Vec<u8>, body: &'a [u8]) -> Self {
        let digest = Sha256::new().chain_update(&head).chain_update(body).finalize().into();
        Self { head, body, digest }
    }

    const fn len(&self) -> usize {
        self.head.len() + self.body.len()
    }
}

/// Packs records into gzip members (RFC 1952), with one compressor for all of them: to set one up costs more
/// than to pack a small record.
#[derive(Debug)]
struct Packer {
    deflate: Compress,
    fast: bool,
}

impl Packer {
    fn new(level: Compression) -> Self {
        Self { deflate: Compress::new(level, false), fast: level.level() <= Compression::fast().level() }
    }

    /// Adds a member that holds `record` to `out`.
    fn member(&mut self, record: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        // Deflate, no name, no time; how hard it was tried; on an unknown system.
        out.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, if self.fast { 4 } else { 0 }, 255]);
        self.deflate.reset();
        out.reserve(record.len() / 2 + 256);
        loop {
            let rest = &record[usize::try_from(self.deflate.total_in()).unwrap_or(record.len())..];
            match self.deflate.compress_vec(rest, out, FlushCompress::Finish)? {
                Status::StreamEnd => break,
                Status::Ok | Status::BufError => out.reserve(record.len() / 2 + 256),
            }
        }
        let mut sum = Crc::new();
        sum.update(record);
        out.extend_from_slice(&sum.sum().to_le_bytes());
        // Modulo 2^32, as the format has it.
        out.extend_from_slice(&(record.len() as u32).to_le_bytes());
        Ok(())
    }
}

fn request_block(sent: &Sent) -> Block<'_> {
    let parsed = url::Url::parse(&sent.url).ok();
    let target = parsed
        .as_ref()
        .map_or_else(|| "/".to_owned(), |url| url[url::Position::BeforePath..url::Position::AfterQuery].to_owned());
    let host = parsed.as_ref().map_or("", |url| &url[url::Position::BeforeHost..url::Position::AfterPort]);
    let mut head = format!("{} {target} HTTP/1.1\r\nHost: {host}\r\n", sent.method).into_bytes();
    write_fields(&mut head, &sent.headers);
    if !sent.body.is_empty() {
        head.extend_from_slice(format!("Content-Length: {}\r\n", sent.body.len()).as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    Block::new(head, &sent.body)
}

fn response_block(exchange: &Exchange) -> Block<'_> {
    let mut head = format!("HTTP/1.1 {} {}\r\n", exchange.status, reason(exchange.status)).into_bytes();
    write_fields(&mut head, &exchange.headers);
    head.extend_from_slice(format!("Content-Length: {}\r\n\r\n", exchange.body.len()).as_bytes());
    Block::new(head, &exchange.body)
}

/// The reason phrase that RFC 9110 gives the common statuses; readers ignore it.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Recorded",
    }
}

/// Whether a header field proves who asks or may be used to: it is in no recording, whoever writes that.
fn proves(name: &str) -> bool {
    const PARTS: [&str; 12] = [
        "cookie",
        "authorization",
        "authentication-info",
        "token",
        "csrf",
        "xsrf",
        "api-key",
        "apikey",
        "secret",
        "session",
        "password",
        "credential",
    ];
    let name = name.to_ascii_lowercase();
    PARTS.iter().any(|part| name.contains(part))
}

/// All fields but those that the writer derives from the body and those that prove who asks.
fn write_fields(block: &mut Vec<u8>, headers: &[(String, String)]) {
    const DERIVED: [&str; 3] = ["content-length", "content-encoding", "transfer-encoding"];
    for (name, value) in headers {
        if !DERIVED.iter().any(|d| name.eq_ignore_ascii_case(d)) && !proves(name) {
            block.extend_from_slice(format!("{}: {}\r\n", one_line(name), one_line(value)).as_bytes());
        }
    }
}

/// A value can never begin a line of its own.
fn one_line(value: &str) -> String {
    value.replace(['\r', '\n', '\0'], " ")
}

/// Writes what a fetcher exchanges to one file (`--record`).
#[derive(Debug)]
pub struct Recorder {
    writer: Writer<File>,
}

impl Recorder {
    /// Creates the file, for this user alone because pages name people, and writes its
    /// first record. The name decides: `.gz` is compressed.
    ///
    /// # Errors
    /// The file exists already, or the disk gave one.
    pub fn create(path: &Path, software: &str, date: Timestamp, seed: [u8; 16]) -> io::Result<Self> {
        let gzip = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
        let file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
        let mut writer = Writer::new(file, gzip, seed);
        writer.warcinfo(software, date)?;
        Ok(Self { writer })
    }

    /// Adds one exchange.
    ///
    /// # Errors
    /// The disk gave one.
    pub fn write(&mut self, exchange: &Exchange) -> io::Result<()> {
        self.writer.exchange(exchange).map(|_| ())
    }

    /// Ends the file and makes sure that it is on disk.
    ///
    /// # Errors
    /// The disk gave one.
    pub fn finish(self) -> io::Result<()> {
        self.writer.finish()?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Reader};
    use super::*;

    fn exchange() -> Exchange {
        Exchange {
            date: 1_767_323_045,
            sent: Sent {
                method: "POST".to_owned(),
                url: "http://a.example:8080/s?q=1".to_owned(),
                headers: vec![("Accept".to_owned(), "a\r\nEvil: yes".to_owned())],
                body: b"k=v".to_vec(),
            },
            status: 200,
            headers: vec![
                ("Content-Type".to_owned(), "text/html; charset=gbk".to_owned()),
                ("Content-Length".to_owned(), "999".to_owned()),
            ],
            body: vec![0xc4, 0xe3, 0xba, 0xc3],
        }
    }

    fn file(gzip: bool, seed: u8) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), gzip, [seed; 16]);
        writer.warcinfo("caifeng test", 0).unwrap();
        writer.exchange(&exchange()).unwrap();
        writer.exchange(&Exchange { body: Vec::new(), status: 404, ..exchange() }).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn what_is_written_reads_back() {
        for gzip in [false, true] {
            let bytes = file(gzip, 1);
            let records: Vec<_> = Reader::new(&*bytes).unwrap().map(Result::unwrap).collect();
            let kinds: Vec<_> = records.iter().map(|r| r.kind.clone()).collect();
            assert_eq!(kinds, [Kind::Warcinfo, Kind::Request, Kind::Response, Kind::Request, Kind::Response]);
            let (asked, answered) = (&records[1], &records[2]);
            assert_eq!(asked.header("warc-concurrent-to"), answered.header("warc-record-id"));
            let (request, response) = (asked.http.as_ref().unwrap(), answered.http.as_ref().unwrap());
            assert_eq!((&*request.start, request.header("host")), ("POST /s?q=1 HTTP/1.1", Some("a.example:8080")));
            assert_eq!((request.header("evil"), &*request.body), (None, &b"k=v"[..]));
            assert_eq!((response.header("content-length"), &response.body), (Some("4"), &exchange().body));
            assert_eq!(answered.date, exchange().date);
        }
    }

    #[test]
    fn what_proves_who_asks_is_in_no_record() {
        let secrets =
            ["Set-Cookie", "authorization", "X-Auth-Token", "X-CSRF-Token", "x-api-key", "Authentication-Info"];
        let mut exchange = exchange();
        let fields = secrets.iter().map(|name| ((*name).to_owned(), "hunter2".to_owned()));
        exchange.headers.extend(fields.clone());
        exchange.sent.headers.extend(fields);
        let mut writer = Writer::new(Vec::new(), false, [0; 16]);
        writer.exchange(&exchange).unwrap();
        let text = String::from_utf8_lossy(writer.out_mut()).into_owned();
        assert!(!text.contains("hunter2") && text.contains("charset=gbk"), "{text}");
    }

    #[test]
    fn the_seed_decides_every_byte() {
        assert_eq!(file(true, 1), file(true, 1));
        assert_ne!(file(true, 1), file(true, 2));
    }

    #[test]
    fn another_reader_accepts_the_digests() {
        let dir = tempfile::tempdir().unwrap();
        for (name, gzip) in [("a.warc", false), ("a.warc.gz", true)] {
            let path = dir.path().join(name);
            std::fs::write(&path, file(gzip, 1)).unwrap();
            let check = "import sys; from warcio.cli import main; main(['check', '-v', sys.argv[1]])";
            let run = std::process::Command::new("python3").args(["-c", check]).arg(&path).output();
            let Some(run) = run.ok().filter(|r| !String::from_utf8_lossy(&r.stderr).contains("ModuleNotFound")) else {
                println!("skipped: python3 with warcio is not here");
                return;
            };
            let said = String::from_utf8_lossy(&run.stdout);
            assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
            assert_eq!(said.matches("digest pass").count(), 5, "{said}");
        }
    }

    #[test]
    fn only_this_user_can_read_a_recording() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.warc.gz");
        Recorder::create(&path, "caifeng test", 0, [0; 16]).unwrap().finish().unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_recorder_never_overwrites() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.warc.gz");
        let mut recorder = Recorder::create(&path, "caifeng test", 0, [0; 16]).unwrap();
        recorder.write(&exchange()).unwrap();
        recorder.finish().unwrap();
        assert_eq!(Reader::new(File::open(&path).unwrap()).unwrap().filter(Result::is_ok).count(), 3);
        assert_eq!(Recorder::create(&path, "again", 0, [0; 16]).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}
