//! Golden manifests: one with nothing, one with everything, and one for every
//! way to be wrong, each with its message in a `.txt` beside it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use caifeng_plugin_host::contract::Target;
use caifeng_plugin_host::manifest::{Manifest, SettingError, TargetKind};
use std::path::{Path, PathBuf};
use url::Url;

fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests")
}

fn golden(name: &str) -> Manifest {
    Manifest::parse(&std::fs::read_to_string(dir().join(name)).unwrap()).unwrap()
}

#[test]
fn the_minimal_manifest_asks_for_nothing() {
    let manifest = golden("minimal.toml");
    assert_eq!(manifest.id, "quiet");
    assert!(manifest.network.allow.is_empty() && manifest.steps.is_empty() && manifest.secrets.is_empty());
    assert_eq!(manifest.settings(&Vec::new()).unwrap(), []);
    assert_eq!(manifest.target(TargetKind::Keyword, "x"), None);
}

#[test]
fn the_maximal_manifest_is_read_whole() {
    insta::assert_debug_snapshot!(golden("maximal.toml"));
}

/// With `UPDATE_GOLDEN=1` the messages are written instead of compared.
#[test]
fn every_wrong_manifest_gets_its_message() {
    let mut files: Vec<_> =
        std::fs::read_dir(dir().join("invalid")).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    assert!(files.len() >= 18, "the golden files are gone");
    for file in files {
        let error = Manifest::parse(&std::fs::read_to_string(&file).unwrap()).expect_err(&file.display().to_string());
        let golden = file.with_extension("txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&golden, format!("{error}\n")).unwrap();
        }
        let expected = std::fs::read_to_string(&golden).unwrap();
        assert_eq!(format!("{error}\n"), expected, "{}", file.display());
    }
}

#[test]
fn the_first_step_that_fits_reads_an_address() {
    let manifest = golden("maximal.toml");
    let step = |url: &str| manifest.step_for(&Url::parse(url).unwrap()).map(str::to_owned);
    assert_eq!(step("https://example.cn/t/12").as_deref(), Some("thread"));
    assert_eq!(step("https://example.cn/other").as_deref(), Some("board"), "the step without a match reads the rest");
    assert_eq!(golden("minimal.toml").step_for(&Url::parse("https://example.cn/").unwrap()), None);
}

#[test]
fn targets_are_what_the_pattern_captures() {
    let manifest = golden("maximal.toml");
    assert_eq!(manifest.target(TargetKind::Keyword, " 停水 "), Some(Target::Keyword("停水".to_owned())));
    let account = manifest.target(TargetKind::Account, "https://example.cn/u/77");
    assert_eq!(account, Some(Target::Account("77".to_owned())));
    assert_eq!(manifest.target(TargetKind::Account, "someone"), None);
    assert_eq!(manifest.target(TargetKind::Listing, "ftp://example.cn/"), None);
    assert_eq!(manifest.target(TargetKind::Keyword, "  "), None);
}

#[test]
fn settings_are_checked_and_completed() {
    let manifest = golden("maximal.toml");
    let given = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        manifest.settings(&pairs)
    };
    let full = given(&[("board", "12"), ("depth", "5")]).unwrap();
    let full: Vec<_> = full.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(full, ["region=全县", "depth=5", "comments=true", "board=12"]);
    assert_eq!(given(&[]), Err(SettingError::Missing("board".to_owned())));
    assert!(matches!(given(&[("bord", "12")]), Err(SettingError::Unknown { .. })));
    assert!(matches!(given(&[("board", "1"), ("depth", "deep")]), Err(SettingError::Type { .. })));
    assert!(matches!(given(&[("board", "1"), ("board", "2")]), Err(SettingError::Repeated(_))));
}
