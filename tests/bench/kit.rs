//! The bench kit that lies beside the checkout (`../shared/bench`): its generated site, a server for it, its Python
//! peers. Where it is missing, or nginx or Python, that is said and nothing is measured.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

use crate::report::{memory, note};

/// Where the site is served: at this port and the ones after it, each a site of its own to a crawler.
pub(crate) const PORT: u16 = 18_080;
/// How many of them.
pub(crate) const SITES: u16 = 10;

/// The kit and what it made.
pub(crate) struct Kit {
    scripts: PathBuf,
    /// Work files: the site, the virtual environment.
    pub(crate) work: PathBuf,
}

impl Kit {
    /// Makes the site and the Python environment where they are missing; `None` where that cannot be done.
    pub(crate) fn prepare() -> anyhow::Result<Option<Self>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let scripts = root.join("../shared/bench");
        if !scripts.join("gen_corpus.py").exists() {
            note("crawl: no bench kit beside the checkout: not measured");
            return Ok(None);
        }
        let kit = Self { scripts: scripts.canonicalize()?, work: root.join("target/bench") };
        std::fs::create_dir_all(&kit.work)?;
        let kit = Self { work: kit.work.canonicalize()?, ..kit };
        if !kit.python().exists() {
            note("crawl: a virtual environment for Scrapy and trafilatura …");
            let made = run(Command::new("python3").args(["-m", "venv"]).arg(kit.work.join("venv")))
                && run(Command::new(kit.python()).args(["-m", "pip", "install", "-q", "-U", "pip"]))
                && run(Command::new(kit.python()).args(["-m", "pip", "install", "-q"]).args([
                    "numpy",
                    "jieba==0.42.1",
                    "scrapy",
                    "trafilatura",
                    "lxml[html_clean]",
                    "feedparser",
                ]));
            if !made {
                note("crawl: Python and its packages cannot be had: not measured");
                return Ok(None);
            }
        }
        if !kit.work.join("data/truth.jsonl").exists() {
            note("crawl: generating the site …");
            anyhow::ensure!(run(kit.script("gen_corpus.py").args(["--only", "site"])), "the site cannot be generated");
        }
        Ok(Some(kit))
    }

    pub(crate) fn python(&self) -> PathBuf {
        self.work.join("venv/bin/python")
    }

    pub(crate) fn script(&self, name: &str) -> Command {
        let mut command = Command::new(self.python());
        command.arg(self.scripts.join(name)).env("PERF", &self.work).env("PERF_PORT", PORT.to_string());
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    pub(crate) fn paths(&self) -> anyhow::Result<Vec<String>> {
        let paths = std::fs::read_to_string(self.work.join("data/paths.txt"))?;
        Ok(paths.lines().map(str::to_owned).collect())
    }
}

/// nginx with one worker; stopped when it is dropped.
pub(crate) struct Server(Child);

impl Server {
    pub(crate) fn start(kit: &Kit) -> anyhow::Result<Option<Self>> {
        let (work, ports) = (kit.work.display(), PORT..PORT + SITES);
        let listen: String = ports.map(|port| format!("listen 127.0.0.1:{port} backlog=4096; ")).collect();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {work}/nginx-{name};\n"))
            .concat();
        let config = format!(
            "daemon off; pid {work}/nginx.pid; worker_processes 1; error_log {work}/nginx.err warn;\n\
             events {{ worker_connections 4096; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000;\n\
             open_file_cache max=20000 inactive=600s; open_file_cache_valid 600s;\n\
             types {{ text/html html; application/xml xml; application/json json; text/plain txt; }}\n\
             {temporary}server {{ {listen} root {work}/data/site; }} }}\n"
        );
        let file = kit.work.join("nginx.conf");
        std::fs::write(&file, config)?;
        // Its worker is another user.
        std::fs::set_permissions(&kit.work, PermissionsExt::from_mode(0o755))?;
        let mut nginx = Command::new("nginx");
        nginx.arg("-c").arg(&file).arg("-e").arg(kit.work.join("nginx.err"));
        let Ok(child) = nginx.stdin(Stdio::null()).stdout(Stdio::null()).spawn() else { return Ok(None) };
        let mut server = Self(child);
        let end = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", PORT)).is_err() {
            let ended = server.0.try_wait()?;
            anyhow::ensure!(ended.is_none() && Instant::now() < end, "nginx does not serve: see {work}/nginx.err");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Some(server))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its master, told to end, ends the worker; one that is killed leaves it behind.
        run(Command::new("kill").arg(self.0.id().to_string()));
        let _ = self.0.wait();
    }
}

/// What a process took.
pub(crate) struct Spent {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// MiB.
    pub(crate) peak: f64,
    pub(crate) said: String,
}

impl Spent {
    /// CPU seconds for each 1,000 of `things`.
    pub(crate) fn thousand(&self, things: usize) -> f64 {
        self.cpu.as_secs_f64() * 1e3 / things as f64
    }

    /// `things` a second.
    pub(crate) fn rate(&self, things: usize) -> f64 {
        things as f64 / self.wall.as_secs_f64()
    }
}

/// Runs a process to its end.
pub(crate) fn measure(command: &mut Command) -> anyhow::Result<Spent> {
    let cpu = || -> anyhow::Result<Duration> {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
        let spent = usage.user_time() + usage.system_time();
        Ok(Duration::from_micros(u64::try_from(spent.num_microseconds())?))
    };
    let (start, before) = (Instant::now(), cpu()?);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = command.spawn().with_context(|| format!("{command:?}"))?;
    let watched = child.id().to_string();
    let mut out = child.stdout.take().context("no standard output")?;
    let reading = std::thread::spawn(move || {
        let mut said = String::new();
        std::io::Read::read_to_string(&mut out, &mut said).map(|_| said)
    });
    let peak = peak_until_end(&mut child, &watched)?;
    let wall = start.elapsed();
    let said = reading.join().map_err(|_| anyhow::anyhow!("a reader ended early"))??;
    let status = child.wait()?;
    anyhow::ensure!(status.success(), "{command:?} ended with {status}: {said}");
    Ok(Spent { wall, cpu: cpu()? - before, peak, said })
}

fn peak_until_end(child: &mut Child, process: &str) -> anyhow::Result<f64> {
    let mut peak = 0_f64;
    while child.try_wait()?.is_none() {
        peak = peak.max(memory(process, "VmHWM").unwrap_or_default());
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(peak)
}

fn run(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).status().is_ok_and(|s| s.success())
}
