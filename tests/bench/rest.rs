//! What the daemon holds when it has played the demo and nobody asks anything.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use caifeng::clock::{Clock as _, SystemClock};
use caifeng::demo::Demo;
use caifeng::directory::Directory;
use caifeng::store::Reader;

use crate::report::{Figure, Goal, memory, note};

const PATIENCE: Duration = Duration::from_secs(180);

/// The daemon, which does not outlive the measurement.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Prints resident memory at rest, and its peak while the month was played.
pub(crate) fn run(executable: &Path, scratch: &Path) -> anyhow::Result<()> {
    let directory = Directory::at(scratch.join("rest"));
    let mut command = Command::new(executable);
    command.args(["serve", "--bind", "127.0.0.1:0", "--data"]).arg(directory.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut daemon = Running(command.spawn().with_context(|| executable.display().to_string())?);
    let process = daemon.0.id().to_string();
    let mut said = BufReader::new(daemon.0.stdout.take().context("no standard output")?);
    let address = address(&mut said)?;
    // What else it says is read, so that it never waits for a reader.
    std::thread::spawn(move || said.lines().map_while(Result::ok).for_each(|line| note(format_args!("serve: {line}"))));
    let start = Instant::now();
    while !get(&address, "/readyz")?.starts_with("HTTP/1.1 200") {
        wait(start)?;
    }
    let moments = Demo::open(&directory, SystemClock.now())?.moments().len();
    let reader = Reader::open(directory.path())?;
    while reader.sweeps(None, usize::MAX)?.iter().filter(|sweep| sweep.ended.is_some()).count() < moments {
        wait(start)?;
    }
    anyhow::ensure!(get(&address, "/")?.starts_with("HTTP/1.1 200"), "the page is not shown");
    note(format_args!("the demo was played in {:.1} s", start.elapsed().as_secs_f64()));
    std::thread::sleep(Duration::from_secs(3));
    let posts = reader.figures()?.posts;
    Figure::new("serve.memory.rest", memory(&process, "VmRSS")?, "MiB, VmRSS").goal(Goal::AtMost(150.0)).print();
    Figure::new("serve.memory.peak", memory(&process, "VmHWM")?, "MiB, VmHWM").print();
    note(format_args!("serve.memory: {posts} posts of the demo stored"));
    Ok(())
}

/// The address that the daemon prints when it listens.
fn address(said: &mut impl std::io::BufRead) -> anyhow::Result<String> {
    let mut before = String::new();
    for line in said.lines() {
        let line = line?;
        if let Some((_, rest)) = line.split_once("http://") {
            return Ok(rest.split('/').next().unwrap_or_default().to_owned());
        }
        before.push_str(&line);
    }
    anyhow::bail!("the daemon did not start: {before}")
}

fn get(address: &str, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn wait(start: Instant) -> anyhow::Result<()> {
    anyhow::ensure!(start.elapsed() < PATIENCE, "the daemon was not ready within {} s", PATIENCE.as_secs());
    std::thread::sleep(Duration::from_millis(100));
    Ok(())
}
