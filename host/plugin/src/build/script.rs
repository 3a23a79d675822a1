//! JavaScript and Python: an interpreter, the SDK and the author's module, in
//! one component.
//!
//! The tools are componentize-qjs, by npm, and componentize-py, by pip; which
//! version, and what it must hash to, says the lock file in the author's folder.
//! Both load the module when the component is made, so that an instance begins
//! with it loaded, and both put traps in the place of WASI. The SDK says what
//! they stand for before they are reached: see `plugins/sdk/javascript/caifeng.js`
//! and `plugins/sdk/python/caifeng.py`.
//!
//! All that is fetched stays in the folder: `node_modules`, `target/venv`.

use super::{BuildError, Progress};
use crate::artifact::PluginKind;
use crate::manifest::Manifest;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

/// A language other than Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    JavaScript,
    Python,
}

/// What the component is to export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct World(PluginKind);

impl World {
    /// A manifest with labels is a classifier's, or an asker's if it asks for an endpoint.
    pub(super) fn of(manifest: &Manifest) -> Self {
        Self(match (manifest.labels.is_empty(), manifest.asks_for_endpoint()) {
            (true, _) => PluginKind::Source,
            (false, true) => PluginKind::Asker,
            (false, false) => PluginKind::Classifier,
        })
    }
}

impl Script {
    /// The language of a folder, by its lock file.
    pub(super) fn of(dir: &Path) -> Option<Self> {
        let has = |file| dir.join(file).is_file();
        [(has("package.json"), Self::JavaScript), (has("requirements.txt"), Self::Python)]
            .into_iter()
            .find_map(|(there, language)| there.then_some(language))
    }

    /// What to do where its tools cannot be run.
    fn remedy(self) -> &'static str {
        match self {
            Self::JavaScript => "install Node 18 or newer with npm, https://nodejs.org",
            Self::Python => "install Python 3.10 or newer with venv and pip",
        }
    }

    /// Fetches what is missing and makes the component.
    pub(super) fn component(
        self,
        dir: &Path,
        World(kind): World,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Vec<u8>, BuildError> {
        let made = dir.join("target").join("component.wasm");
        fs::create_dir_all(dir.join("target")).map_err(|error| BuildError::Write { path: made.clone(), error })?;
        let mut tool = match self {
            Self::JavaScript => javascript(dir, kind, progress)?,
            Self::Python => python(dir, kind, progress)?,
        };
        progress(Progress::Encoding);
        // Relative, as both tools run in the folder: no path of this machine gets into a message.
        tool.current_dir(dir).args(["--output", "target/component.wasm"]);
        let said = ran(&mut tool, self.remedy())?;
        said.map_err(BuildError::Script)?;
        let component = fs::read(&made).map_err(|error| BuildError::Script(format!("no component: {error}")));
        // It is a part of the plugin and of no use besides.
        let _ = fs::remove_file(&made);
        component
    }
}

fn javascript(dir: &Path, kind: PluginKind, progress: &mut dyn FnMut(Progress)) -> Result<Command, BuildError> {
    let (lock, done) = (dir.join("package-lock.json"), dir.join("node_modules/.package-lock.json"));
    if older(&done, &[dir.join("package.json"), lock.clone()]) {
        progress(Progress::Fetching);
        let locked = lock.is_file();
        let mut npm = Command::new("npm");
        // Nothing of what is fetched runs while it is fetched.
        npm.current_dir(dir).args([
            if locked { "ci" } else { "install" },
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ]);
        let said = ran(&mut npm, Script::JavaScript.remedy())?;
        said.map_err(|said| BuildError::Fetch { file: "package-lock.json", said })?;
    }
    let mut tool = Command::new("npm");
    tool.args(["exec", "--no", "--", "componentize-qjs", "--wit", "wit", "--world", &format!("{kind}-plugin")]).args([
        "--js",
        &format!("sdk/javascript/{kind}.js"),
        "--module-root",
        ".",
        "--stub-wasi",
        "--sync",
    ]);
    Ok(tool)
}

fn python(dir: &Path, kind: PluginKind, progress: &mut dyn FnMut(Progress)) -> Result<Command, BuildError> {
    let venv = dir.join("target/venv");
    let done = venv.join("fetched");
    // The programs of a virtual environment name its folder: where that was moved, it is made anew.
    let there = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let moved = fs::read_to_string(&done).unwrap_or_default() != there.to_string_lossy();
    if moved || older(&done, &[dir.join("requirements.txt")]) || !runs(&venv) {
        progress(Progress::Fetching);
        let remedy = Script::Python.remedy();
        let mut make = Command::new("python3");
        make.current_dir(dir).args(["-m", "venv", "--clear", "target/venv"]);
        ran(&mut make, remedy)?.map_err(BuildError::Script)?;
        let mut pip = program(&venv, "python");
        pip.current_dir(dir).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.args(["--only-binary", ":all:"]);
        pip.args(["--require-hashes", "--requirement", "requirements.txt"]);
        ran(&mut pip, remedy)?.map_err(|said| BuildError::Fetch { file: "requirements.txt", said })?;
        fs::write(&done, there.to_string_lossy().as_bytes())
            .map_err(|error| BuildError::Write { path: done, error })?;
    }
    let mut tool = program(&venv, "componentize-py");
    tool.args(["--quiet", "--wit-path", "wit", "--world", &format!("{kind}-plugin"), "componentize", "--stub-wasi"])
        .args(["--python-path", "src", "--python-path", "sdk/python", &format!("{kind}_plugin")])
        // Where the modules are that requirements.txt names; without it the machine's own would get in.
        .env("VIRTUAL_ENV", "target/venv")
        // So that sets are in one order on every machine.
        .env("PYTHONHASHSEED", "0");
    Ok(tool)
}

/// A program of a virtual environment, by a path that holds in any folder. Its last part stays as it is: `python` is a link,
/// and looks beside itself for the environment.
fn program(venv: &Path, name: &str) -> Command {
    let folder = venv.join(if cfg!(windows) { "Scripts" } else { "bin" });
    Command::new(fs::canonicalize(&folder).unwrap_or(folder).join(name))
}

/// Whether the interpreter of a virtual environment is still there: it is one of the machine's.
fn runs(venv: &Path) -> bool {
    program(venv, "python").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Whether `done` is missing or one of these files has changed since.
fn older(done: &Path, than: &[PathBuf]) -> bool {
    let modified = |path: &Path| -> Option<SystemTime> { fs::metadata(path).and_then(|meta| meta.modified()).ok() };
    modified(done).is_none_or(|done| than.iter().any(|file| modified(file).is_some_and(|changed| changed > done)))
}

/// Runs a program to its end; the inner error is what it said, if it failed.
fn ran(command: &mut Command, remedy: &'static str) -> Result<Result<(), String>, BuildError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| BuildError::NoProgram { program, remedy, error })?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).trim().to_owned());
    let said: Vec<_> = said.into_iter().filter(|text| !text.is_empty()).collect();
    Ok(Err(if said.is_empty() { output.status.to_string() } else { said.join("\n") }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_says_the_language() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Script::of(dir.path()), None);
        fs::write(dir.path().join("requirements.txt"), "").unwrap();
        assert_eq!(Script::of(dir.path()), Some(Script::Python));
        fs::write(dir.path().join("package.json"), "{}").unwrap();
        assert_eq!(Script::of(dir.path()), Some(Script::JavaScript));
    }

    #[test]
    fn the_manifest_says_what_is_exported() {
        let head = "id = \"a\"\nversion = \"0.1.0\"\nname = \"a\"\nlicence = \"MIT\"\n";
        let world = |rest: &str| World::of(&Manifest::parse(&format!("{head}{rest}")).unwrap()).0;
        let label = "[[label]]\nname = \"problem\"\ngroup = \"category\"\n";
        assert_eq!(world("[[step]]\nname = \"list\"\n"), PluginKind::Source);
        assert_eq!(world(label), PluginKind::Classifier);
        assert_eq!(world(&format!("{label}[[setting]]\nname = \"endpoint\"\ntype = \"text\"\n")), PluginKind::Asker);
    }

    #[test]
    fn what_failed_says_what_it_said() {
        let mut shell = Command::new("sh");
        let said = ran(shell.args(["-c", "echo one; echo two >&2; exit 3"]), "").unwrap();
        assert_eq!(said, Err("one\ntwo".to_owned()));
        let error = ran(&mut Command::new("no-such-program-at-all"), "install it").unwrap_err().to_string();
        assert!(error.starts_with("cannot run no-such-program-at-all, install it: "), "{error}");
    }
}
