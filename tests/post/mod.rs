//! Robots, a webhook and a mail server on the loopback that check every byte they are given, as the real ones do, and
//! misbehave when told to.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use ring::hmac;
use serde_json::Value;

/// How long a server waits for anything: bounded, so that no test hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a server does with the next request or letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// As its kind does when all is well.
    Well,
    /// An HTTP status and a body.
    Says(u16, &'static str),
    /// A redirect.
    Sends(&'static str),
    /// Reads everything and closes without a word.
    Closes,
    /// Reads everything and says nothing while the test lasts.
    Hangs,
    /// SMTP: this reply to that command.
    Replies(&'static str, &'static str),
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Path and query.
    pub(crate) path: String,
    /// Header fields, names in lower case.
    pub(crate) fields: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Value,
    /// The same, byte by byte.
    pub(crate) raw: String,
}

impl Asked {
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value)
    }

    /// What a robot would show.
    pub(crate) fn text(&self) -> &str {
        let body = &self.body;
        [&body["text"]["content"], &body["content"]["text"], &body["text"]].into_iter().find_map(Value::as_str).unwrap()
    }

    /// A parameter of the query, decoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let url = url::Url::parse("http://x/").unwrap().join(&self.path).unwrap();
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// What a server was told.
#[derive(Default)]
struct Heard {
    asked: Vec<Asked>,
    letters: Vec<Letter>,
    said: Vec<String>,
    turns: VecDeque<Turn>,
    connections: usize,
}

/// A server until the test's process ends.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) at: SocketAddr,
    heard: Arc<(Mutex<Heard>, Condvar)>,
}

impl Server {
    fn listen(serve: impl Fn(TcpStream, &Self) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { at: listener.local_addr().unwrap(), heard: Arc::default() };
        let (told, serve) = (server.clone(), Arc::new(serve));
        std::thread::spawn(move || {
            while let Ok((line, _)) = listener.accept() {
                line.set_read_timeout(Some(PATIENCE)).unwrap();
                told.with(|heard| heard.connections += 1);
                let (told, serve) = (told.clone(), Arc::clone(&serve));
                std::thread::spawn(move || serve(line, &told));
            }
        });
        server
    }

    fn with<T>(&self, change: impl FnOnce(&mut Heard) -> T) -> T {
        let (heard, bell) = &*self.heard;
        let told = change(&mut heard.lock().unwrap());
        bell.notify_all();
        told
    }

    /// What it does next, in this order; afterwards all is well.
    pub(crate) fn will(&self, turns: &[Turn]) {
        self.with(|heard| heard.turns.extend(turns.iter().cloned()));
    }

    fn turn(&self) -> Turn {
        self.with(|heard| heard.turns.pop_front()).unwrap_or(Turn::Well)
    }

    /// Requests since the last time.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.with(|heard| std::mem::take(&mut heard.asked))
    }

    /// Letters since the last time.
    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.with(|heard| std::mem::take(&mut heard.letters))
    }

    /// Commands of SMTP since the last time.
    pub(crate) fn said(&self) -> Vec<String> {
        self.with(|heard| std::mem::take(&mut heard.said))
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.with(|heard| heard.connections)
    }

    /// Waits for a request that has come in whole.
    pub(crate) fn wait(&self) -> Asked {
        let (heard, bell) = &*self.heard;
        let empty = |heard: &mut Heard| heard.asked.is_empty();
        let (mut heard, late) = bell.wait_timeout_while(heard.lock().unwrap(), PATIENCE, empty).unwrap();
        assert!(!late.timed_out(), "nothing was asked");
        heard.asked.remove(0)
    }

    /// A robot or webhook that answers what `judge` says.
    pub(crate) fn http(judge: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static) -> Self {
        Self::listen(move |mut line, server| {
            // Several requests may come over one line.
            while let Some(asked) = request(&mut line) {
                let turn = server.turn();
                let well = judge(&asked);
                server.with(|heard| heard.asked.push(asked));
                let (status, more, body) = match turn {
                    Turn::Closes | Turn::Replies(..) => return,
                    Turn::Hangs => return std::thread::park_timeout(PATIENCE),
                    Turn::Well => (well.0, String::new(), well.1),
                    Turn::Says(status, body) => (status, String::new(), body.to_owned()),
                    Turn::Sends(to) => (302, format!("Location: {to}\r\n"), String::new()),
                };
                let length = body.len();
                // Whoever asked may have been killed.
                let _ = write!(line, "HTTP/1.1 {status} X\r\n{more}Content-Length: {length}\r\n\r\n{body}");
            }
        })
    }

    /// A mail server.
    pub(crate) fn smtp(extensions: &'static [&'static str]) -> Self {
        Self::listen(move |line, server| {
            let _ = conversation(line, server, extensions);
        })
    }
}

fn request(line: &mut TcpStream) -> Option<Asked> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if !matches!(line.read(&mut byte), Ok(1)) {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let first = lines.next().unwrap();
    assert!(first.starts_with("POST "), "{first}");
    let path = first.split(' ').nth(1).unwrap().to_owned();
    let fields: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let field = |name: &str| fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone());
    assert_eq!(field("content-type").unwrap(), "application/json");
    let mut body = vec![0; field("content-length").unwrap().parse().unwrap()];
    line.read_exact(&mut body).unwrap();
    let raw = String::from_utf8(body).expect("a body is UTF-8");
    Some(Asked { path, fields, body: serde_json::from_str(&raw).expect("a body is JSON"), raw })
}

/// HMAC-SHA256 by another library than the product's.
fn mac(key: &str, message: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
}

/// Base64 by way of a string of bits.
fn base64(bytes: &[u8]) -> String {
    let digits: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let mut bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    while !bits.len().is_multiple_of(6) {
        bits.push('0');
    }
    let mut out: String = bits
        .as_bytes()
        .chunks(6)
        .map(|six| digits[usize::from_str_radix(std::str::from_utf8(six).unwrap(), 2).unwrap()])
        .collect();
    while !out.len().is_multiple_of(4) {
        out.push('=');
    }
    out
}

fn ok() -> (u16, String) {
    (200, r#"{"errcode":0,"errmsg":"ok"}"#.to_owned())
}

fn error(code: i64, what: &str) -> (u16, String) {
    (200, format!(r#"{{"errcode":{code},"errmsg":"{what}"}}"#))
}

/// Counts messages by the test's clock, and mutes whoever sends more than the limit within a minute.
pub(crate) struct Meter {
    now: Box<dyn Fn() -> i64 + Send + Sync>,
    sent: Mutex<(VecDeque<i64>, i64)>,
    limit: usize,
    mute: i64,
}

impl Meter {
    pub(crate) fn new(limit: usize, mute: i64, now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self { now: Box::new(now), sent: Mutex::new((VecDeque::new(), 0)), limit, mute }
    }

    /// Whether one more is too many.
    fn too_many(&self) -> bool {
        let now = (self.now)();
        let mut guard = self.sent.lock().unwrap();
        let (sent, muted) = &mut *guard;
        while sent.front().is_some_and(|at| now - at >= 60) {
            sent.pop_front();
        }
        if now < *muted || sent.len() >= self.limit {
            *muted = now + self.mute;
            return true;
        }
        sent.push_back(now);
        false
    }
}

/// 企业微信: key in the address, text of at most 2,048 bytes, 20 a minute.
pub(crate) fn wecom(key: &'static str, meter: Meter) -> Server {
    Server::http(move |asked| {
        let text = asked.body["text"]["content"].as_str().unwrap_or_default();
        match () {
            () if asked.parameter("key").as_deref() != Some(key) => error(93000, "invalid webhook url"),
            () if asked.body["msgtype"] != "text" || text.is_empty() => error(40008, "invalid message type"),
            () if text.len() > 2_048 => error(40058, "content exceed max length 2048"),
            () if asked.body["text"].as_object().unwrap().len() != 1 => error(40058, "nobody is mentioned"),
            () if meter.too_many() => error(45009, "api freq out of limit"),
            () => ok(),
        }
    })
}

/// 钉钉: token and signature in the address, 20 a minute, muted for ten beyond.
pub(crate) fn dingtalk(token: &'static str, secret: &'static str, meter: Meter) -> Server {
    Server::http(move |asked| {
        let at: i64 = asked.parameter("timestamp").and_then(|at| at.parse().ok()).unwrap_or_default();
        let sign = base64(&mac(secret, &format!("{at}\n{secret}")));
        match () {
            () if asked.parameter("access_token").as_deref() != Some(token) => error(300_001, "token is not exist"),
            () if ((meter.now)() * 1_000 - at).abs() > 3_600_000 => error(310_000, "invalid timestamp"),
            () if asked.parameter("sign") != Some(sign) => error(310_000, "sign not match"),
            () if asked.body["at"]["isAtAll"] != false => error(310_000, "everybody is mentioned"),
            () if meter.too_many() => error(130_101, "send too fast, exceed 20 times per minute"),
            () => ok(),
        }
    })
}

/// 飞书: token in the path, signature in the body, 20 kB, 100 a minute.
pub(crate) fn feishu(token: &'static str, secret: &'static str, meter: Meter) -> Server {
    Server::http(move |asked| {
        let code = |code: i64, msg: &str| (200, format!(r#"{{"code":{code},"msg":"{msg}","data":{{}}}}"#));
        let at = asked.body["timestamp"].as_str().unwrap_or_default().to_owned();
        let sign = base64(&mac(&format!("{at}\n{secret}"), ""));
        match () {
            () if !asked.path.ends_with(&format!("/{token}")) => {
                code(19_001, "param invalid: incoming webhook access token invalid")
            }
            () if asked.body["sign"] != sign.as_str() => {
                code(19_021, "sign match fail or timestamp is not within one hour")
            }
            () if asked.raw.len() > 20_000 => code(11_246, "too large"),
            () if meter.too_many() => code(9_499, "too many request"),
            () => code(0, "success"),
        }
    })
}

/// A receiver of webhooks, as docs/operating.md tells its author to write one.
pub(crate) fn receiver(secret: &'static str, now: impl Fn() -> i64 + Send + Sync + 'static) -> Server {
    let known = Mutex::new(Vec::<String>::new());
    Server::http(move |asked| {
        let (at, delivery) = (asked.field("caifeng-timestamp"), asked.field("caifeng-delivery"));
        let mac = mac(secret, &format!("{at}.{delivery}.{}", asked.raw));
        let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut known = known.lock().unwrap();
        match () {
            () if asked.field("caifeng-signature") != format!("v1={hex}") => (401, String::new()),
            () if (now() - at.parse::<i64>().unwrap()).abs() > 300 => (400, String::new()),
            () if known.contains(&delivery.to_owned()) => (409, String::new()),
            () => {
                known.push(delivery.to_owned());
                (204, String::new())
            }
        }
    })
}

/// A letter as a server got it.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// Headers, unfolded.
    pub(crate) head: Vec<(String, String)>,
    /// The decoded body.
    pub(crate) text: String,
}

impl Letter {
    pub(crate) fn field(&self, name: &str) -> &str {
        self.head.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value)
    }
}

/// One conversation of SMTP (RFC 5321), line by line.
fn conversation(line: TcpStream, server: &Server, extensions: &[&str]) -> std::io::Result<()> {
    let mut out = line.try_clone()?;
    let mut lines = BufReader::new(line);
    let turn = server.turn();
    if turn == Turn::Hangs {
        std::thread::park_timeout(PATIENCE);
        return Ok(());
    }
    let mut say = move |text: &str| out.write_all(format!("{text}\r\n").as_bytes());
    say("220 mail.example ESMTP")?;
    let (mut from, mut to) = (String::new(), Vec::new());
    loop {
        let mut command = String::new();
        if lines.read_line(&mut command)? == 0 {
            return Ok(());
        }
        assert!(command.ends_with("\r\n"), "{command:?}");
        let command = command.trim_end().to_owned();
        server.with(|heard| heard.said.push(command.clone()));
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        if let Turn::Replies(to_what, reply) = &turn
            && command.to_uppercase().starts_with(to_what)
        {
            say(reply)?;
            continue;
        }
        match verb.as_str() {
            "EHLO" => {
                let offered: Vec<&str> = ["mail.example"].into_iter().chain(extensions.iter().copied()).collect();
                for (n, line) in offered.iter().enumerate() {
                    say(&format!("250{}{line}", if n + 1 == offered.len() { ' ' } else { '-' }))?;
                }
            }
            "AUTH" => say("235 2.7.0 accepted")?,
            "MAIL" => {
                from = command;
                say("250 OK")?;
            }
            "RCPT" => {
                to.push(command);
                say("250 OK")?;
            }
            "DATA" => {
                say("354 go on")?;
                let raw = data(&mut lines)?;
                let letter = read(&from, &to, &raw);
                server.with(|heard| heard.letters.push(letter));
                if turn == Turn::Closes {
                    return Ok(());
                }
                say("250 OK")?;
            }
            "QUIT" => return say("221 bye"),
            _ => say("502 no")?,
        }
    }
}

/// The lines of a letter, dots unstuffed.
fn data(lines: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut raw = String::new();
    loop {
        let mut line = Vec::new();
        lines.read_until(b'\n', &mut line)?;
        assert!(line.ends_with(b"\r\n") && line.len() <= 1_000, "a line of at most 998 bytes ends with CR LF");
        if line == b".\r\n" {
            return Ok(raw);
        }
        let line = String::from_utf8(line).unwrap();
        raw.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

fn read(from: &str, to: &[String], raw: &str) -> Letter {
    let (head, body) = raw.split_once("\r\n\r\n").expect("a letter has a head and a body");
    let head = head.replace("\r\n ", " ");
    let head: Vec<(String, String)> =
        head.lines().map(|line| line.split_once(": ").unwrap()).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let coded: String = body.split_whitespace().collect();
    let address = |command: &String| command.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
    Letter { from: address(&from.to_owned()), to: to.iter().map(address).collect(), head, text: unbase64(&coded) }
}

fn unbase64(text: &str) -> String {
    let digits: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let bits: String = text
        .chars()
        .filter(|c| *c != '=')
        .map(|c| format!("{:06b}", digits.iter().position(|digit| *digit == c).expect("base64")))
        .collect();
    let bytes = bits.as_bytes().chunks_exact(8);
    let bytes = bytes.map(|eight| u8::from_str_radix(std::str::from_utf8(eight).unwrap(), 2).unwrap()).collect();
    String::from_utf8(bytes).unwrap()
}

/// A subject in encoded words (RFC 2047), read.
pub(crate) fn subject(coded: &str) -> String {
    let words = coded.split(' ').map(|word| match word.strip_prefix("=?utf-8?b?").and_then(|w| w.strip_suffix("?=")) {
        Some(inner) => unbase64(inner),
        None => word.to_owned(),
    });
    words.collect()
}
