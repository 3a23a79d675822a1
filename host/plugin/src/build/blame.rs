//! Which line of the source brought an import.
//!
//! A linker names functions, an author knows lines. What std calls by such a
//! function is few and known, and what the source itself declares has its name
//! there; where no line of the source says it, a dependency does.

use std::fs;
use std::path::Path;

/// What the functions of WASI that a plugin cannot have are called by in Rust.
const CALLED_BY: [(&str, &[&str]); 6] = [
    ("sock_", &["std::net", "TcpStream", "TcpListener", "UdpSocket"]),
    ("path_", &["std::fs", "File::", "fs::"]),
    ("fd_", &["std::fs", "File::", "fs::", "stdin"]),
    ("poll_oneoff", &["thread::sleep", "sleep("]),
    ("sched_yield", &["yield_now"]),
    ("proc_exit", &["process::exit", "process::abort", "exit("]),
];

/// Each import with the line that brought it, where one did.
pub(super) fn with_lines(dir: &Path, imports: Vec<String>) -> Vec<String> {
    let mut source = Vec::new();
    lines(&dir.join("src"), "src", &mut source);
    imports.into_iter().map(|import| with_line(&source, import)).collect()
}

fn with_line(source: &[(String, String)], import: String) -> String {
    let function = import.rsplit("::").next().unwrap_or_default();
    let known = CALLED_BY.iter().find(|(prefix, _)| function.starts_with(prefix));
    let own = [function];
    let words = known.map_or(own.as_slice(), |(_, words)| words);
    let found = source.iter().find(|(_, line)| words.iter().any(|word| line.contains(word)));
    match found {
        Some((place, line)) => format!("{import} ({place}: {})", line.trim()),
        None => format!("{import} (by a dependency: no line of src/ says so)"),
    }
}

/// Each line that is no comment, with its place.
fn lines(folder: &Path, shown: &str, found: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let shown = format!("{shown}/{name}");
        if path.is_dir() {
            lines(&path, &shown, found);
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
            found.extend(code.map(|(nth, line)| (format!("{shown}:{}", nth + 1), line.to_owned())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_is_traced_to_its_line() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("src/net")).unwrap();
        fs::write(dir.path().join("src/lib.rs"), "// std::net\nunsafe extern \"C\" { fn tell(x: i32); }\n").unwrap();
        fs::write(dir.path().join("src/net/mod.rs"), "\nuse std::net::TcpStream;\n").unwrap();
        let imports = ["env::tell", "wasi_snapshot_preview1::sock_send", "env::other"].map(str::to_owned).to_vec();
        assert_eq!(
            with_lines(dir.path(), imports),
            [
                "env::tell (src/lib.rs:2: unsafe extern \"C\" { fn tell(x: i32); })",
                "wasi_snapshot_preview1::sock_send (src/net/mod.rs:2: use std::net::TcpStream;)",
                "env::other (by a dependency: no line of src/ says so)",
            ]
        );
    }
}
