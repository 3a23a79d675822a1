//! A local news site of 5,000 pages, from request to row: Caifeng with a selector-style plugin in the sandbox, beside
//! Scrapy with the same selectors and beside a loop that only downloads. (`news` would not follow the site's articles:
//! they are older than a new watch looks back.) Then a feed, a board and a JSON forum with the plugins that are shipped,
//! and the memory of 50,000 pages: the site at ten ports.
//!
//! Each crawler is a process of its own: processor time and peak memory are the whole process's.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use caifeng_plugin_host::artifact::Artifact;

use crate::kit::{Kit, PORT, SITES, Server, Spent, measure};
use crate::report::{Figure, Goal, note};

/// List pages of a hundred links each.
const LISTS: usize = 50;

/// Measures all of it.
pub(crate) fn run_all(executable: &Path, scratch: &Path, selector: &Path) -> anyhow::Result<()> {
    let Some(kit) = Kit::prepare()? else { return Ok(()) };
    let Some(_server) = Server::start(&kit)? else {
        note("crawl: nginx cannot be started (apt-get install nginx-light): not measured");
        return Ok(());
    };
    let crawler = Crawler { executable, scratch };
    pages(&kit, &crawler, selector)?;
    feeds(&kit, &crawler)?;
    board(&kit, &crawler)?;
    forum(&kit, &crawler)
}

/// Pages of articles: the goals of the issue.
fn pages(kit: &Kit, crawler: &Crawler<'_>, selector: &Path) -> anyhow::Result<()> {
    let pages = kit.paths()?.len();
    let download = download_only(&kit.work.join("data/urls.txt"))?;
    let scrapy = measure(kit.script("peer_scrapy_spider.py").arg(crawler.scratch.join("scrapy.db")).args(["32", "0"]))?;
    anyhow::ensure!(
        scrapy.said.contains(&format!("\"items\": {pages}")),
        "Scrapy read something else: {}",
        scrapy.said
    );
    print("download", &download, pages, &scrapy, None);
    print("scrapy", &scrapy, pages, &scrapy, None);
    let lists = |sites: u16, lists: usize| -> Vec<String> {
        let sites = (PORT..PORT + sites).flat_map(|port| (1..=lists).map(move |list| (port, list)));
        sites.map(|(port, list)| format!("listing = \"http://127.0.0.1:{port}/list/{list}.html\"")).collect()
    };
    let selected = crawler.sweep("selector", Some(selector), &lists(1, LISTS), pages)?;
    print("selector", &selected, pages, &scrapy, Some(0.48));
    let few = crawler.sweep("selector", Some(selector), &lists(1, LISTS / 5), pages / 5)?;
    let many = crawler.sweep("selector", Some(selector), &lists(SITES, LISTS), pages * usize::from(SITES))?;
    Figure::new("crawl.memory", many.peak, "MiB, VmHWM after 50,000 pages")
        .against("the same after 1,000", few.peak)
        .goal(Goal::AtMost(1.3))
        .print();
    Figure::new("crawl.memory.5000", selected.peak, "MiB, VmHWM after 5,000 pages")
        .against("the same after 1,000", few.peak)
        .print();
    Figure::new("crawl.growth", many.thousand(pages * usize::from(SITES)), "CPU s per 1,000 pages, of 50,000")
        .against("the same, of 5,000", selected.thousand(pages))
        .print();
    Ok(())
}

fn print(name: &str, spent: &Spent, pages: usize, scrapy: &Spent, goal: Option<f64>) {
    let cpu = Figure::new(format!("crawl.{name}.cpu"), spent.thousand(pages), "CPU s per 1,000 pages");
    match goal {
        Some(goal) => cpu.goal(Goal::AtMost(goal)).print(),
        None => cpu.against("Scrapy, the same selectors", scrapy.thousand(pages)).print(),
    }
    Figure::new(format!("crawl.{name}.rate"), spent.rate(pages), "pages/s")
        .against("Scrapy, the same selectors", scrapy.rate(pages))
        .print();
    Figure::new(format!("crawl.{name}.peak"), spent.peak, "MiB, VmHWM")
        .against("Scrapy, the same selectors", scrapy.peak)
        .print();
}

/// A feed of 500 articles and forty of 30, beside feedparser, which only reads them.
fn feeds(kit: &Kit, crawler: &Crawler<'_>) -> anyhow::Result<()> {
    const FEEDS: usize = 40;
    const READ: &str = "import sys, feedparser\nfor f in sys.argv[1:]: feedparser.parse(open(f, 'rb').read())";
    let paths: Vec<String> =
        std::iter::once("rss.xml".to_owned()).chain((0..FEEDS).map(|n| format!("feeds/{n}.xml"))).collect();
    let posts = 500 + 30 * FEEDS;
    let files = paths.iter().map(|path| kit.work.join("data/site").join(path));
    let peer = measure(Command::new(kit.python()).arg("-c").arg(READ).args(files))?;
    let swept = crawler.sweep("feed", None, &at(&paths, "listing"), posts)?;
    told("feed", &swept, posts, ("feedparser, only reading", peer.thousand(posts)));
    Ok(())
}

/// 200 threads of a board such as Discuz!'s, in GBK, with 20 floors each, beside a loop that only downloads them.
fn board(kit: &Kit, crawler: &Crawler<'_>) -> anyhow::Result<()> {
    let paths: Vec<String> = (100_000..100_200).map(|tid| format!("forum/thread-{tid}-1-1.html")).collect();
    beside_download("board", "discuz", &paths, &paths, 20, kit, crawler)
}

/// 100 topics of a forum that answers in JSON as Discourse does, with 20 posts each, beside the same loop.
fn forum(kit: &Kit, crawler: &Crawler<'_>) -> anyhow::Result<()> {
    let answers: Vec<String> = (1..=100).map(|topic| format!("discourse/t/{topic}.json")).collect();
    let topics: Vec<String> = (1..=100).map(|topic| format!("discourse/t/{topic}")).collect();
    beside_download("forum", "discourse", &topics, &answers, 20, kit, crawler)
}

fn beside_download(
    name: &'static str,
    plugin: &str,
    items: &[String],
    answers: &[String],
    each: usize,
    kit: &Kit,
    crawler: &Crawler<'_>,
) -> anyhow::Result<()> {
    let list = kit.work.join(format!("{name}.txt"));
    let addresses: String = answers.iter().map(|path| format!("http://127.0.0.1:{PORT}/{path}\n")).collect();
    std::fs::write(&list, addresses)?;
    let posts = items.len() * each;
    let download = download_only(&list)?;
    let swept = crawler.sweep(plugin, None, &at(items, "item"), posts)?;
    told(name, &swept, posts, ("only downloading the pages", download.thousand(posts)));
    Ok(())
}

fn at(paths: &[String], kind: &str) -> Vec<String> {
    paths.iter().map(|path| format!("{kind} = \"http://127.0.0.1:{PORT}/{path}\"")).collect()
}

fn told(name: &str, swept: &Spent, posts: usize, (peer, value): (&'static str, f64)) {
    Figure::new(format!("crawl.{name}.cpu"), swept.thousand(posts), "CPU s per 1,000 posts")
        .against(peer, value)
        .print();
    Figure::new(format!("crawl.{name}.rate"), swept.rate(posts), "posts/s").print();
    Figure::new(format!("crawl.{name}.peak"), swept.peak, "MiB, VmHWM").print();
}

/// The program, and where its data directories go.
struct Crawler<'a> {
    executable: &'a Path,
    scratch: &'a Path,
}

impl Crawler<'_> {
    /// One `caifeng sweep --all` into an empty directory: a watch for each target, of a plugin that is shipped or lies at
    /// `path`. `expected` posts must come of it.
    fn sweep(&self, plugin: &str, path: Option<&Path>, targets: &[String], expected: usize) -> anyhow::Result<Spent> {
        let data = tempfile::tempdir_in(self.scratch)?;
        let data = data.path();
        if let Some(path) = path {
            std::fs::create_dir_all(data.join("plugins"))?;
            let digest = Artifact::read(std::fs::read(path)?)?.digest().to_string();
            std::fs::copy(path, data.join("plugins").join(format!("{plugin}.wasm")))?;
            let grant = format!("[[grant]]\nplugin = {plugin:?}\ndigest = {digest:?}\nnetwork = [\"target\"]\n");
            std::fs::write(data.join("grants.toml"), grant)?;
        }
        let file = data.join("caifeng.toml");
        std::fs::write(&file, config(plugin, targets))?;
        // The first call compiles the plugins, which is no part of a crawl.
        let warm = Command::new(self.executable).args(["plugin", "list", "--data"]).arg(data).output()?;
        anyhow::ensure!(warm.status.success(), "plugin list: {}", String::from_utf8_lossy(&warm.stderr));
        let mut command = Command::new(self.executable);
        command.args(["sweep", "--all", "--json", "--data"]).arg(data).arg("--config").arg(&file);
        let spent = measure(&mut command)?;
        let new: u64 = (spent.said.lines())
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()?.get("new")?.as_u64())
            .sum();
        let first = spent.said.lines().next().unwrap_or_default();
        anyhow::ensure!(new == expected as u64, "{plugin} stored {new} of {expected} posts: {first}");
        Ok(spent)
    }
}

/// Everything as in an office, but without pauses; one topic that nothing mentions: a page of a site is mostly about
/// something else.
fn config(plugin: &str, targets: &[String]) -> String {
    use std::fmt::Write as _;
    let sites: Vec<String> = (PORT..PORT + SITES).map(|port| format!("127.0.0.1:{port}")).collect();
    let mut config = format!("[network]\nprivate = {sites:?}\n");
    for site in &sites {
        let _ = write!(config, "[[network.permitted]]\nhost = {site:?}\nreason = \"benchmark\"\npace = 0\n");
    }
    config.push_str("[[topic]]\nname = \"本局\"\nany = [\"云溪县发展和改革局\"]\n");
    for (n, target) in targets.iter().enumerate() {
        let _ = writeln!(config, "[[watch]]\nid = \"w-{n}\"\nplugin = {plugin:?}\ntarget = {{ {target} }}");
    }
    config
}

/// Argument by which this program is called again as the loop that only downloads.
pub(crate) const DOWNLOAD: &str = "download-only";

/// A process that only downloads what a file lists.
fn download_only(list: &Path) -> anyhow::Result<Spent> {
    measure(Command::new(std::env::current_exe().context("this program")?).arg(DOWNLOAD).arg(list))
}

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
