//! What the pages cost with a million posts in ten thousand incidents behind them: each beside its limit, the list of
//! incidents also beside a bare axum that reads the same rows from the same file; what the first view weighs; and a
//! thousand pages that listen. The client runs on the same cores. `BENCH_DESK` sets how many posts (1,000,000).

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::extract::State;
use axum::routing::get;
use caifeng::store::Store;
use caifeng::text::tokens::Tokeniser;
use caifeng::watch::{Every, SweepTally, Watch};
use caifeng_plugin_host::contract::Target;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use reqwest::Client;
use reqwest::header::{ACCEPT_ENCODING, COOKIE, SET_COOKIE};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::report::{Figure, Goal, memory, percentile};
use crate::{month, posts};

/// Posts, unless `BENCH_DESK` says otherwise; and posts of an incident.
const POSTS: u64 = 1_000_000;
const MATTER: u64 = 100;
/// Times that a page is asked for, one after the other.
const TURNS: usize = 40;
/// Readers of the list at once, and times that each reads it.
const READERS: usize = 4;
const READS: usize = 250;
/// Pages that listen.
const LISTENERS: usize = 1_000;
/// Milliseconds that the issue allows a page.
const LIMIT: f64 = 100.0;
const PASSWORD: &str = "three+white+egrets+over+the+weir";

/// Watches, and sweeps of each that are on record.
const WATCHES: usize = 200;
const SWEEPS: i64 = 24;

/// The pages that are measured: words that many posts hold, and one character that no post holds.
const PAGES: [(&str, &str); 13] = [
    ("situation", "/"),
    ("wall", "/wall"),
    ("incidents", "/incidents"),
    ("incident", "/incidents/7"),
    ("posts", "/posts"),
    ("search", "/posts?q=%E5%81%9C%E6%B0%B4"),
    ("search.narrowed", "/posts?q=%E5%81%9C%E6%B0%B4&kind=post&category=problem&state=new"),
    ("search.nothing", "/posts?q=%E9%BE%98"),
    ("searches", "/searches"),
    ("watches", "/watches"),
    ("coverage", "/coverage"),
    ("sweeps", "/sweeps"),
    ("reports", "/reports"),
];

/// Incidents that are restricted before the same pages are asked for by somebody who does not see them.
const RESTRICTED: [u64; 3] = [3, 5, 9];

/// Watches with a record of having been swept. They are paused, so that nothing is asked for while pages are measured.
fn listen(store: &Store, data: &Path) -> anyhow::Result<()> {
    let (mut watches, mut config) = (Vec::new(), String::new());
    for n in 0..WATCHES {
        let (id, url) = (format!("watch-{n}"), format!("http://site{n}.bench.example/feed"));
        config.push_str(&format!(
            "[[watch]]\nid = \"{id}\"\nplugin = \"feed\"\ntarget = {{ listing = \"{url}\" }}\npaused = \"is measured\"\n\n"
        ));
        watches.push(Watch {
            id,
            plugin: "feed".to_owned(),
            target: Target::Listing(url),
            site: None,
            settings: Vec::new(),
            utc_offset: 0,
            recorded: false,
            registered: None,
            every: Every::default(),
            canary: None,
        });
    }
    store.put_watches(&watches)?;
    for at in (0..SWEEPS).map(|n| posts::BEGIN + n * 3600) {
        for watch in &watches {
            let sweep = store.begin_sweep(&watch.id, at)?;
            store.finish_sweep(
                sweep,
                at + 2,
                &SweepTally { requests: 1, seen: 20, new: 2, ..SweepTally::default() },
            )?;
        }
    }
    std::fs::write(data.join("caifeng.toml"), config)?;
    Ok(())
}

/// Prints what pages take, beside a bare server and beside their limits.
pub(crate) fn run(scratch: &Path, executable: &Path) -> anyhow::Result<()> {
    let size = match std::env::var("BENCH_DESK") {
        Ok(posts) => posts.parse().context("BENCH_DESK is not a number")?,
        Err(_) => POSTS,
    };
    // A thousand connections have two ends in this process and its child.
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    // Its client speaks to the loopback address, and wants it all the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let data = scratch.join("desk");
    std::fs::create_dir_all(&data)?;
    let store = Store::open(&data, None)?;
    month::fill(&store, size, MATTER, Some(&Tokeniser::new()))?;
    listen(&store, &data)?;
    store.close();
    let office = Office { executable, data: &data, tokens: scratch };
    office.people()?;
    let desk = office.serve()?;
    tokio::runtime::Runtime::new()?.block_on(measured(&office, &desk, size))
}

async fn measured(office: &Office<'_>, desk: &Desk, size: u64) -> anyhow::Result<()> {
    let cookie = office.enters(&desk.address, "li").await?;
    let client = Client::builder().build()?;
    pages(&client, desk, &cookie, &format!("{size}")).await?;
    weight(&client, desk, &cookie).await?;
    beside_bare(&client, office.data, desk, &cookie).await?;
    for incident in RESTRICTED {
        let (seen, li) = (format!("{incident}@0"), office.token("li").display().to_string());
        office.says(&["incident", "restrict", &seen, "--reason", "is measured", "--token", &li])?;
    }
    let other = office.enters(&desk.address, "chen").await?;
    pages(&client, desk, &other, &format!("{size}.veiled")).await?;
    listening(office, desk, &cookie).await
}

async fn pages(client: &Client, desk: &Desk, cookie: &str, among: &str) -> anyhow::Result<()> {
    for (name, path) in PAGES {
        let times = asked(client, &format!("http://{}{path}", desk.address), cookie, TURNS).await?;
        Figure::new(format!("desk.{name}.{among}"), percentile(&times, 0.5), "ms until the page is here, median")
            .against("the limit", LIMIT)
            .goal(Goal::AtMost(1.0))
            .print();
    }
    Ok(())
}

/// Milliseconds of each of so many requests, sorted.
async fn asked(client: &Client, url: &str, cookie: &str, turns: usize) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::with_capacity(turns);
    for _ in 0..turns {
        let start = Instant::now();
        let answer = client.get(url).header(COOKIE, cookie).send().await?.error_for_status()?;
        anyhow::ensure!(answer.url().as_str() == url, "{url} led to {}", answer.url());
        answer.bytes().await?;
        times.push(start.elapsed().as_secs_f64() * 1_000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// What a browser loads at first: the page and what it names, compressed.
async fn weight(client: &Client, desk: &Desk, cookie: &str) -> anyhow::Result<()> {
    let page = client.get(format!("http://{}/", desk.address)).header(COOKIE, cookie).send().await?.text().await?;
    let named = page.split('"').filter(|part| part.starts_with("/assets/")).map(str::to_owned);
    let mut bytes = 0;
    for path in std::iter::once("/".to_owned()).chain(named) {
        // The client would unpack what it asked for itself.
        let plain = Client::builder().no_gzip().no_brotli().no_deflate().build()?;
        let asked = plain.get(format!("http://{}{path}", desk.address)).header(COOKIE, cookie);
        bytes += asked.header(ACCEPT_ENCODING, "gzip").send().await?.error_for_status()?.bytes().await?.len();
    }
    Figure::new("desk.weight", bytes as f64 / 1_000.0, "KB compressed, first view")
        .against("the limit", 100.0)
        .goal(Goal::AtMost(1.0))
        .print();
    Ok(())
}

/// Requests a second of several readers, and how long the slowest hundredth waited.
async fn load(client: &Client, url: &str, cookie: &str) -> anyhow::Result<(f64, f64)> {
    let start = Instant::now();
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        let (client, url, cookie) = (client.clone(), url.to_owned(), cookie.to_owned());
        readers.spawn(async move { asked(&client, &url, &cookie, READS).await });
    }
    let mut times = Vec::new();
    while let Some(read) = readers.join_next().await {
        times.extend(read??);
    }
    let rate = times.len() as f64 / start.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    Ok((rate, percentile(&times, 0.99)))
}

/// The list of incidents beside axum and one read of the same file, in turns.
async fn beside_bare(client: &Client, data: &Path, desk: &Desk, cookie: &str) -> anyhow::Result<()> {
    let bare = bare(data).await?;
    let (mut ours, mut theirs, mut slowest) = (0.0_f64, 0.0_f64, f64::MAX);
    for _ in 0..3 {
        let (rate, slow) = load(client, &format!("http://{}/incidents", desk.address), cookie).await?;
        (ours, slowest) = (ours.max(rate), slowest.min(slow));
        theirs = theirs.max(load(client, &format!("http://{bare}/"), "").await?.0);
    }
    Figure::new("desk.incidents", ours, "pages/s")
        .against("axum and one SQLite read, requests/s", theirs)
        .goal(Goal::AtLeast(0.2))
        .print();
    Figure::new("desk.incidents.p99", slowest, "ms, four readers at once").goal(Goal::AtMost(50.0)).print();
    Ok(())
}

/// A server that reads the newest fifty incidents and says them as JSON.
async fn bare(data: &Path) -> anyhow::Result<std::net::SocketAddr> {
    let db = Connection::open_with_flags(data.join("caifeng.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let app = axum::Router::new().route("/", get(newest)).with_state(Arc::new(Mutex::new(db)));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

async fn newest(State(db): State<Arc<Mutex<Connection>>>) -> axum::Json<Vec<Value>> {
    let sql = "SELECT id, title, suggested, state, opened, latest, posts, sites FROM incident ORDER BY latest DESC, id DESC LIMIT 50";
    let read = move || -> rusqlite::Result<Vec<Value>> {
        let db = db.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut statement = db.prepare_cached(sql)?;
        let row = |r: &rusqlite::Row<'_>| {
            let (id, title, kind): (i64, String, Option<String>) = (r.get(0)?, r.get(1)?, r.get(2)?);
            let (state, opened, latest): (String, i64, i64) = (r.get(3)?, r.get(4)?, r.get(5)?);
            let (posts, sites): (i64, i64) = (r.get(6)?, r.get(7)?);
            Ok(
                json!({ "id": id, "title": title, "suggested": kind, "state": state, "opened": opened, "latest": latest, "posts": posts, "sites": sites }),
            )
        };
        statement.query_map([], row)?.collect()
    };
    axum::Json(tokio::task::spawn_blocking(read).await.ok().and_then(Result::ok).unwrap_or_default())
}

/// Many pages listen; something is committed; all of them are told.
async fn listening(office: &Office<'_>, desk: &Desk, cookie: &str) -> anyhow::Result<()> {
    let before = memory(&desk.pid(), "VmRSS")?;
    let mut listeners = Vec::with_capacity(LISTENERS);
    for _ in 0..LISTENERS {
        let mut stream = TcpStream::connect(&desk.address).await?;
        let asked = format!("GET /events HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\n\r\n", desk.address);
        stream.write_all(asked.as_bytes()).await?;
        heard(&mut stream).await?;
        listeners.push(stream);
    }
    let held = (memory(&desk.pid(), "VmRSS")? - before) * 1024.0 / LISTENERS as f64;
    let mut told = JoinSet::new();
    for mut stream in listeners {
        told.spawn(async move { heard(&mut stream).await.map(|()| Instant::now()) });
    }
    let (executable, data, token) = (office.executable.to_owned(), office.data.to_owned(), office.token("li"));
    let committed = tokio::task::spawn_blocking(move || -> anyhow::Result<Instant> {
        let mut command = Command::new(executable);
        command.args(["submit", "--text", "水管破了没人管", "--data"]).arg(data).arg("--token").arg(token);
        anyhow::ensure!(command.output()?.status.success(), "nothing was handed in");
        Ok(Instant::now())
    });
    let committed = committed.await??;
    let mut last = Duration::ZERO;
    while let Some(heard) = told.join_next().await {
        last = last.max(heard??.saturating_duration_since(committed));
    }
    Figure::new("desk.listeners.memory", held, "KB a listener, of 1,000")
        .against("the limit", 50.0)
        .goal(Goal::AtMost(1.0))
        .print();
    Figure::new("desk.listeners.told", last.as_secs_f64(), "s after the commit was acknowledged, the last of 1,000")
        .against("the limit", 1.0)
        .goal(Goal::AtMost(1.0))
        .print();
    Ok(())
}

/// Waits for an event.
async fn heard(stream: &mut TcpStream) -> anyhow::Result<()> {
    let mut read = Vec::new();
    let mut buffer = [0; 4_096];
    while !read.windows(5).any(|part| part == b"data:") {
        let n = tokio::time::timeout(Duration::from_secs(60), stream.read(&mut buffer)).await??;
        anyhow::ensure!(n > 0, "no longer told: {}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&buffer[..n]);
    }
    Ok(())
}

/// A data directory and its people.
struct Office<'a> {
    executable: &'a Path,
    data: &'a Path,
    tokens: &'a Path,
}

impl Office<'_> {
    fn token(&self, who: &str) -> std::path::PathBuf {
        self.tokens.join(format!("{who}.desk-token"))
    }

    fn says(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let said = Command::new(self.executable).args(arguments).arg("--data").arg(self.data).output()?;
        anyhow::ensure!(said.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said.stderr));
        Ok(String::from_utf8(said.stdout)?)
    }

    /// One who keeps the machine, one who gives roles, one of the leading group, and one who listens.
    fn people(&self) -> anyhow::Result<()> {
        let paths = ["wang", "zhao", "li", "chen"].map(|who| self.token(who).display().to_string());
        let [wang, zhao, li, chen] = paths.each_ref().map(String::as_str);
        self.says(&["user", "add", "wang", "--role", "system", "--out", wang])?;
        self.says(&["user", "add", "zhao", "--role", "security", "--out", zhao, "--token", wang])?;
        self.says(&["user", "add", "li", "--out", li, "--token", wang])?;
        self.says(&["user", "role", "li", "leading-group", "--token", zhao])?;
        self.says(&["user", "add", "chen", "--out", chen, "--token", wang])?;
        self.says(&["user", "role", "chen", "monitor", "--token", zhao])?;
        Ok(())
    }

    /// The cookie of a session.
    async fn enters(&self, address: &str, who: &str) -> anyhow::Result<String> {
        let wang = self.token("wang").display().to_string();
        let code: Value = serde_json::from_str(&self.says(&["user", "code", who, "--json", "--token", &wang])?)?;
        let code = code["code"].as_str().context("no code")?;
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        let send = |path: &str, form: String| {
            let asked = client.post(format!("http://{address}{path}")).header("sec-fetch-site", "same-origin");
            asked.header("content-type", "application/x-www-form-urlencoded").body(form).send()
        };
        send("/set-up-password", format!("name={who}&code={code}&password={PASSWORD}&again={PASSWORD}")).await?;
        let answer = send("/sign-in", format!("name={who}&password={PASSWORD}&to=/")).await?;
        let cookies = answer.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        let session = cookies.filter_map(|it| it.split(';').next()).find(|it| it.starts_with("caifeng_session="));
        session.map(str::to_owned).context("nobody was let in")
    }

    fn serve(&self) -> anyhow::Result<Desk> {
        let mut child = Command::new(self.executable)
            .args(["serve", "--bind", "127.0.0.1:0", "--data"])
            .arg(self.data)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        // It says its address on either, and goes on saying things.
        let (say, said) = std::sync::mpsc::channel();
        let out = child.stdout.take().context("no output")?;
        let err = child.stderr.take().context("no output")?;
        for source in [Box::new(out) as Box<dyn std::io::Read + Send>, Box::new(err)] {
            let say = say.clone();
            std::thread::spawn(move || {
                let lines = std::io::BufRead::lines(std::io::BufReader::new(source)).map_while(Result::ok);
                lines.for_each(|line| drop(say.send(line)));
            });
        }
        loop {
            let line = said.recv_timeout(Duration::from_secs(60)).context("it does not serve")?;
            if let Some((_, rest)) = line.split_once("http://") {
                let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':')).unwrap_or(rest.len());
                return Ok(Desk { child, address: rest[..end].to_owned() });
            }
        }
    }
}

/// A daemon that serves.
struct Desk {
    child: Child,
    address: String,
}

impl Desk {
    fn pid(&self) -> String {
        self.child.id().to_string()
    }
}

impl Drop for Desk {
    /// However the measuring ends, nothing goes on serving.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
