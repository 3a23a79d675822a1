//! A file as the body of an answer, part by part: no file is held in memory, however slowly it is read.

use axum::body::{Body, Bytes};
use futures_util::StreamExt as _;
use futures_util::stream::unfold;
use tokio::io::AsyncReadExt as _;

/// Bytes of a part.
const PART: usize = 64 << 10;

/// The rest of a file.
pub(super) fn streamed(file: std::fs::File) -> Body {
    let parts = unfold(tokio::fs::File::from_std(file), |mut file| async move {
        let mut part = vec![0; PART];
        match file.read(&mut part).await {
            Ok(0) => None,
            Ok(read) => {
                part.truncate(read);
                Some((Ok(Bytes::from(part)), file))
            }
            Err(error) => Some((Err(error), file)),
        }
    });
    // What compresses it asks once more after the end.
    Body::from_stream(parts.fuse())
}

#[cfg(test)]
mod tests {
    use std::io::{Seek as _, Write as _};

    use super::*;

    #[tokio::test]
    async fn a_file_of_many_parts_comes_whole() {
        let bytes: Vec<u8> = (0..3 * PART + 7).map(|n| n as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        file.rewind().unwrap();
        let mut parts = streamed(file).into_data_stream();
        let mut read = Vec::new();
        while let Some(part) = parts.next().await {
            read.extend_from_slice(&part.unwrap());
        }
        assert_eq!(read, bytes);
        assert!(parts.next().await.is_none(), "the end is the end, however often it is asked for");
    }
}
