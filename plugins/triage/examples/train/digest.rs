//! From which texts and cues a model was learnt, as a number that it carries.

use std::io;
use std::path::Path;

/// FNV-1a over the cues and the names and contents of all training texts, in the order of their names.
pub(crate) fn of(home: &Path) -> io::Result<u64> {
    let mut paths = vec![home.join("cues.txt"), home.join("simplified.txt")];
    for folder in ["moods", "parts", "texts"] {
        let mut files: Vec<_> = std::fs::read_dir(home.join("training").join(folder))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
        files.sort();
        paths.extend(files);
    }
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for byte in name.into_bytes().into_iter().chain(std::fs::read(&path)?) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    Ok(hash)
}
