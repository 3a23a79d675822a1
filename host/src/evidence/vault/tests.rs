use super::super::warc::Sent;
use super::*;

/// 2026-07-01T00:00:00Z.
const DAY: Timestamp = 1_782_864_000;

pub(crate) fn exchange(n: u64) -> Exchange {
    let url = format!("http://a.example/{n}");
    let sent = Sent { method: "GET".to_owned(), url, headers: Vec::new(), body: Vec::new() };
    Exchange { date: DAY, sent, status: 200, headers: Vec::new(), body: format!("第{n}页").into_bytes() }
}

fn vault(dir: &Path, at: Timestamp) -> Vault {
    Vault::rolling(dir, Arc::new(move || at), &|_| 0, 2_000).unwrap()
}

fn urls(path: &Path) -> Vec<String> {
    let records = Reader::new(File::open(path).unwrap()).unwrap().map(Result::unwrap);
    records.filter(|record| record.kind == Kind::Response).map(|record| record.url).collect()
}

#[test]
fn captures_are_found_again_where_they_say() {
    let dir = tempfile::tempdir().unwrap();
    let vault = vault(dir.path(), DAY);
    let captures: Vec<_> = (0..9).map(|n| vault.add(&exchange(n)).unwrap()).collect();
    vault.sync().unwrap();
    for (n, capture) in captures.iter().enumerate() {
        let found = bytes(dir.path(), capture).unwrap();
        let record = response(&found, &capture.digest).unwrap();
        assert_eq!(record.url, format!("http://a.example/{n}"));
        assert_eq!(record.http.unwrap().body, format!("第{n}页").into_bytes());
        assert!(response(&found, &[0; 32]).is_none(), "another digest is not accepted");
        for at in (0..found.len()).step_by(7) {
            let mut changed = found.clone();
            changed[at] ^= 0x10;
            // The time in the head of a member and the bits that fill its last byte say nothing about what is in it.
            if let Some(record) = response(&changed, &capture.digest) {
                assert_eq!(record.url, format!("http://a.example/{n}"), "byte {at} of {}", found.len());
                assert_eq!(record.http.unwrap().body, format!("第{n}页").into_bytes(), "byte {at} of {}", found.len());
            }
        }
    }
    let names = files(dir.path()).unwrap();
    assert!(names.len() > 1, "files are of bounded size: {names:?}");
    assert_eq!(names[0], "2026/07/caifeng-20260701-0001.warc.gz");
    assert_eq!(ends(&names[0]), Some(DAY + 86_400));
}

#[test]
fn a_day_has_files_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    vault(dir.path(), DAY).add(&exchange(1)).unwrap();
    let next = vault(dir.path(), DAY + 86_400).add(&exchange(2)).unwrap();
    assert_eq!(next.file, "2026/07/caifeng-20260702-0001.warc.gz");
}

/// Whatever a crash leaves after the last whole exchange is cut, and nothing before it.
#[test]
fn a_torn_end_is_cut_and_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = {
        let vault = Vault::open(dir.path(), Arc::new(|| DAY), &|_| 0).unwrap();
        (vault.add(&exchange(1)).unwrap(), vault.add(&exchange(2)).unwrap())
    };
    let path = dir.path().join(&first.file);
    let good = fs::read(&path).unwrap();
    let end = usize::try_from(second.offset).unwrap();
    for known in [0, first.offset + first.length] {
        let mut torn: Vec<Vec<u8>> = (end + 1..good.len()).step_by(13).map(|cut| good[..cut].to_vec()).collect();
        torn.push([&good[..end], &[0; 64]].concat());
        torn.push([&good[..end], b"nonsense"].concat());
        for bytes in torn {
            fs::write(&path, &bytes).unwrap();
            let vault = Vault::open(dir.path(), Arc::new(|| DAY), &|_| known).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().len(), second.offset, "cut after {} bytes", bytes.len());
            let again = vault.add(&exchange(3)).unwrap();
            assert_eq!((again.offset, again.file == first.file), (second.offset, true));
            assert_eq!(urls(&path), ["http://a.example/1", "http://a.example/3"]);
        }
    }
    fs::write(&path, &good).unwrap();
    drop(Vault::open(dir.path(), Arc::new(|| DAY), &|_| 0).unwrap());
    assert_eq!(fs::read(&path).unwrap(), good, "what is whole stays");
}

#[test]
fn only_this_user_can_read_evidence() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let capture = vault(dir.path(), DAY).add(&exchange(1)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&dir.path().join(&capture.file)), mode(&dir.path().join("2026"))), (0o600, 0o700));
}
