//! Runs the binary as a person at a terminal does, with nothing of the
//! machine's own settings, and keeps what it said.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tempfile::TempDir;

/// How long anything may take before a test gives up: far more than it needs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// A folder of its own, in which commands run.
pub(crate) struct Place {
    dir: TempDir,
}

impl Place {
    /// An empty folder, and plugins beside the binary.
    pub(crate) fn new() -> Self {
        let plugins = Path::new(env!("CARGO_BIN_EXE_caifeng")).ancestors().nth(2).unwrap().join("plugins");
        for plugin in ["feed.wasm", "triage.wasm"] {
            assert!(plugins.join(plugin).is_file(), "run make plugins first: {plugin} is missing");
        }
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file and makes the folders that it needs.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// `program` in this folder, with an environment that is the same everywhere.
    pub(crate) fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.dir.path());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.dir.path().join("home"));
        // Plugins are compiled once for all tests.
        command.env("XDG_CACHE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// `caifeng` with arguments that are separated by spaces.
    pub(crate) fn caifeng(&self, arguments: &str) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_caifeng"));
        command.args(arguments.split_whitespace());
        command
    }

    /// Runs `caifeng` to its end.
    pub(crate) fn run(&self, arguments: &str) -> Said {
        self.finish(arguments, self.caifeng(arguments))
    }

    /// Runs `caifeng` to its end and gives it `input` to read.
    pub(crate) fn run_with(&self, arguments: &str, input: &str) -> Said {
        let mut command = self.caifeng(arguments);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        self.said(arguments, &output)
    }

    /// Runs any command to its end; `shown` is what a snapshot shows as typed.
    pub(crate) fn finish(&self, shown: &str, mut command: Command) -> Said {
        self.said(shown, &command.output().unwrap())
    }

    fn said(&self, arguments: &str, output: &Output) -> Said {
        Said {
            arguments: arguments.to_owned(),
            out: self.plain(&output.stdout),
            err: self.plain(&output.stderr),
            status: output.status,
        }
    }

    /// Without the name of the temporary folder.
    fn plain(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8(bytes.to_vec()).expect("what is printed is UTF-8");
        let here = self.dir.path().canonicalize().unwrap();
        text.replace(here.to_str().unwrap(), "PLACE").replace(self.dir.path().to_str().unwrap(), "PLACE")
    }

    /// Starts `caifeng` and leaves it running.
    pub(crate) fn start(&self, arguments: &str) -> Running {
        Running::spawn(self.caifeng(arguments))
    }

    /// Starts `caifeng serve` on a free port and waits until it serves.
    pub(crate) fn serve(&self, arguments: &str) -> (Running, String) {
        let mut running = self.start(&format!("serve --bind 127.0.0.1:0 {arguments}"));
        let address = running.address();
        (running, address)
    }
}

/// Sends one request as it is written, but for the ends of its lines, and gives the whole answer.
#[expect(clippy::disallowed_methods, reason = "a test visits the page")]
pub(crate) fn http(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let request = request.replace('\n', "\r\n");
    stream.write_all(format!("{request}\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    arguments: String,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
    status: ExitStatus,
}

impl Said {
    /// The exit code; a signal is a failure of the test.
    pub(crate) fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| panic!("ended by a signal: {self}"))
    }

    /// Checks the exit code.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "{self}");
        self
    }

    /// Standard output as JSON Lines.
    #[track_caller]
    pub(crate) fn json(&self) -> Vec<serde_json::Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
    }
}

/// As a terminal shows it: what was typed, what was printed, errors with `!`, the exit code.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ caifeng {}", self.arguments)?;
        for line in self.out.lines() {
            writeln!(f, "{line}")?;
        }
        for line in self.err.lines() {
            writeln!(f, "! {line}")?;
        }
        match self.status.code() {
            Some(code) => writeln!(f, "[{code}]"),
            None => writeln!(f, "[{}]", self.status),
        }
    }
}

/// A process that is killed when the test ends, however it ends.
pub(crate) struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
    err: Receiver<String>,
}

impl Running {
    /// Starts a command whose outputs are pipes.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let err = BufReader::new(child.stderr.take().unwrap());
        let (tell, lines) = channel();
        std::thread::spawn(move || err.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, out, err: lines }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until a daemon serves: where its page is.
    pub(crate) fn address(&mut self) -> String {
        let url = self.line().unwrap_or_else(|| panic!("it ended: {}", self.error_line()));
        let bare = url.trim_end().strip_prefix("http://").or_else(|| url.trim_end().strip_prefix("https://"));
        let address = bare.and_then(|url| url.strip_suffix('/'));
        address.unwrap_or_else(|| panic!("no address but {url:?}")).to_owned()
    }

    /// The next line on standard error.
    pub(crate) fn error_line(&mut self) -> String {
        self.err.recv_timeout(DEADLINE).expect("a line on standard error")
    }

    /// The next line on standard output; `None` when it has ended.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        (self.out.read_line(&mut line).unwrap() > 0).then_some(line)
    }

    /// Ends it without a chance to do anything about it (SIGKILL).
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().unwrap();
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        self.child.wait().unwrap();
        rest
    }

    /// Ends it likewise; what it had said on standard error.
    pub(crate) fn kill_and_hear(mut self) -> String {
        self.child.kill().unwrap();
        let mut said = String::new();
        while let Ok(line) = self.err.recv_timeout(DEADLINE) {
            said.push_str(&line);
            said.push('\n');
        }
        said
    }

    /// Asks it to end (SIGTERM) and says how it did.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        let id = self.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.wait()
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        // The channel of standard error is closed when the process has ended.
        while self.err.recv_timeout(DEADLINE).is_ok() {}
        self.child.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
