//! A local news site of 5,000 pages, from request to row: Caifeng with a selector-style plugin in the sandbox, beside
//! Scrapy with the same selectors and beside a loop that only downloads. (`news` would not follow the site's articles:
//! they are older than a new watch looks back.)
//!
//! The site, its server and Scrapy's spider come from the bench kit that lies beside the checkout
//! (`../shared/bench`); where that is missing, or nginx or Python, it says so and measures nothing. Each crawler is
//! a process of its own: processor time and peak memory are the whole process's.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use caifeng_plugin_host::artifact::Artifact;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

use crate::report::{Figure, Goal, memory, note};

/// Where the kit's nginx listens.
const PORT: u16 = 18_080;
/// List pages of a hundred links each.
const LISTS: usize = 50;

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

    fn script(&self, name: &str) -> Command {
        let mut command = Command::new(self.python());
        command.arg(self.scripts.join(name)).env("PERF", &self.work).env("PERF_PORT", PORT.to_string());
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    fn paths(&self) -> anyhow::Result<Vec<String>> {
        let paths = std::fs::read_to_string(self.work.join("data/paths.txt"))?;
        Ok(paths.lines().map(str::to_owned).collect())
    }
}

/// The kit's nginx; stopped when it is dropped.
struct Server<'a>(&'a Kit);

impl<'a> Server<'a> {
    fn start(kit: &'a Kit) -> Option<Self> {
        run(kit.script("nginx_ctl.py").args(["start", "1"])).then_some(Self(kit))
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        run(self.0.script("nginx_ctl.py").arg("stop"));
    }
}

/// What a process took.
struct Spent {
    wall: Duration,
    cpu: Duration,
    /// MiB.
    peak: f64,
    said: String,
}

/// Prints pages per second, processor time per 1,000 pages and peak memory.
pub(crate) fn run_all(executable: &Path, scratch: &Path, selector: &Path) -> anyhow::Result<()> {
    let Some(kit) = Kit::prepare()? else { return Ok(()) };
    let Some(_server) = Server::start(&kit) else {
        note("crawl: nginx cannot be started (apt-get install nginx-light): not measured");
        return Ok(());
    };
    let pages = kit.paths()?.len();
    let download = measure(Command::new(std::env::current_exe()?).arg(DOWNLOAD).arg(kit.work.join("data/urls.txt")))?;
    let scrapy = measure(kit.script("peer_scrapy_spider.py").arg(scratch.join("scrapy.db")).args(["32", "0"]))?;
    anyhow::ensure!(
        scrapy.said.contains(&format!("\"items\": {pages}")),
        "Scrapy read something else: {}",
        scrapy.said
    );
    print("download", &download, pages, &scrapy, None);
    print("scrapy", &scrapy, pages, &scrapy, None);
    let data = scratch.join("crawl-selector");
    let selected = sweep(executable, &data, "selector", selector, 1..=LISTS)?;
    print("selector", &selected, pages, &scrapy, Some(0.48));
    let few = sweep(executable, &scratch.join("crawl-few"), "selector", selector, 1..=LISTS / 5)?;
    Figure::new("crawl.memory", selected.peak, "MiB, VmHWM after all pages")
        .against("the same after a fifth of them", few.peak)
        .goal(Goal::AtMost(1.3))
        .print();
    Ok(())
}

fn print(name: &str, spent: &Spent, pages: usize, scrapy: &Spent, goal: Option<f64>) {
    let thousand = |spent: &Spent| spent.cpu.as_secs_f64() * 1e3 / pages as f64;
    let rate = |spent: &Spent| pages as f64 / spent.wall.as_secs_f64();
    let cpu = Figure::new(format!("crawl.{name}.cpu"), thousand(spent), "CPU s per 1,000 pages");
    match goal {
        Some(goal) => cpu.goal(Goal::AtMost(goal)).print(),
        None => cpu.against("Scrapy, the same selectors", thousand(scrapy)).print(),
    }
    Figure::new(format!("crawl.{name}.rate"), rate(spent), "pages/s")
        .against("Scrapy, the same selectors", rate(scrapy))
        .print();
    Figure::new(format!("crawl.{name}.peak"), spent.peak, "MiB, VmHWM")
        .against("Scrapy, the same selectors", scrapy.peak)
        .print();
}

/// One `caifeng sweep --all` into an empty directory.
fn sweep(
    executable: &Path,
    data: &Path,
    plugin: &str,
    path: &Path,
    lists: std::ops::RangeInclusive<usize>,
) -> anyhow::Result<Spent> {
    use std::fmt::Write as _;
    std::fs::create_dir_all(data.join("plugins"))?;
    let digest = Artifact::read(std::fs::read(path)?)?.digest().to_string();
    std::fs::copy(path, data.join("plugins").join(format!("{plugin}.wasm")))?;
    let grant = format!("[[grant]]\nplugin = {plugin:?}\ndigest = {digest:?}\nnetwork = [\"target\"]\n");
    std::fs::write(data.join("grants.toml"), grant)?;
    let site = format!("127.0.0.1:{PORT}");
    let mut config = format!(
        "[network]\nprivate = [{site:?}]\n[[network.permitted]]\nhost = {site:?}\nreason = \"benchmark\"\npace = 0\n"
    );
    // One topic that nothing mentions: a page of a site is mostly about something else.
    config.push_str("[[topic]]\nname = \"本局\"\nany = [\"云溪县发展和改革局\"]\n");
    let expected = lists.clone().count() * 100;
    for list in lists {
        writeln!(
            config,
            "[[watch]]\nid = \"list-{list}\"\nplugin = {plugin:?}\ntarget = {{ listing = \"http://{site}/list/{list}.html\" }}"
        )?;
    }
    let file = data.join("caifeng.toml");
    std::fs::write(&file, config)?;
    // The first call compiles the plugins, which is no part of a crawl.
    let _ = Command::new(executable).args(["plugin", "list", "--data"]).arg(data).output()?;
    let mut command = Command::new(executable);
    command.args(["sweep", "--all", "--json", "--data"]).arg(data).arg("--config").arg(&file);
    let spent = measure(&mut command)?;
    let new: u64 = (spent.said.lines())
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()?.get("new")?.as_u64())
        .sum();
    anyhow::ensure!(new == expected as u64, "{plugin} stored {new} of {expected} pages");
    Ok(spent)
}

/// Argument by which this program is called again as the loop that only downloads.
pub(crate) const DOWNLOAD: &str = "download-only";

/// Gets every address of a file, eight at a time, and drops what comes.
pub(crate) fn download(list: &Path) -> anyhow::Result<()> {
    let urls = std::fs::read_to_string(list)?;
    let urls: Vec<String> = urls.lines().map(str::to_owned).collect();
    // The HTTP client is built without a provider of its own.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let mut running = tokio::task::JoinSet::new();
        for chunk in urls.chunks(urls.len().div_ceil(8)) {
            let (client, chunk) = (client.clone(), chunk.to_vec());
            running.spawn(async move {
                for url in chunk {
                    client.get(url).send().await?.error_for_status()?.bytes().await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(done) = running.join_next().await {
            done??;
        }
        Ok(())
    })
}

/// Runs a process to its end.
fn measure(command: &mut Command) -> anyhow::Result<Spent> {
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
