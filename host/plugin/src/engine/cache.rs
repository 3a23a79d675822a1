//! Compiled code on disk.
//!
//! Compiling a component costs a second and more, loading its compiled form a
//! tenth of a millisecond. But loading compiled code is running it, and
//! wasmtime does not and cannot check it; so an entry is a seal — HMAC-SHA256
//! under a key that only the host has, over the plugin's digest, wasmtime's
//! compatibility hash and the code — followed by the code. Whatever does not
//! carry the right seal is as good as absent: the plugin is compiled again and
//! the entry replaced. That one rule covers a cut file, a tampered one, one
//! from another version of wasmtime and one from another machine.

use crate::artifact::Digest;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use wasmtime::component::Component;

/// Bytes of the seal before the code.
const SEAL: usize = 32;

/// Where compiled code is kept and the key that seals it.
///
/// The key must be secret: who has it can make the host run any code. Keep it
/// in a file that only the host's user can read, outside `dir`.
#[derive(Clone)]
pub struct CompiledCache {
    /// Directory; made when first written to.
    pub dir: PathBuf,
    /// Seals the entries.
    pub key: [u8; 32],
}

impl CompiledCache {
    /// The compiled form of a plugin, if there is one with a right seal.
    pub(super) fn load(&self, engine: &wasmtime::Engine, digest: Digest) -> Option<Component> {
        let compatibility = compatibility(engine);
        let entry = fs::read(self.path(digest, &compatibility)).ok()?;
        let (seal, code) = entry.split_at_checked(SEAL)?;
        self.mac(digest, &compatibility, code).verify_slice(seal).ok()?;
        #[allow(
            unsafe_code,
            reason = "compiled code cannot be checked; the seal proves that this host compiled it from this plugin with this wasmtime"
        )]
        // SAFETY: the bytes are what `keep` was given by this version and configuration of wasmtime, proved by the seal.
        let component = unsafe { Component::deserialize(engine, code) };
        component.ok()
    }

    /// Keeps the compiled form. A failure costs a compilation at the next
    /// start and nothing else, so it is not reported.
    pub(super) fn keep(&self, engine: &wasmtime::Engine, digest: Digest, code: &[u8]) {
        static TURN: AtomicU64 = AtomicU64::new(0);
        let compatibility = compatibility(engine);
        let mut entry = self.mac(digest, &compatibility, code).finalize().into_bytes().to_vec();
        entry.extend_from_slice(code);
        let path = self.path(digest, &compatibility);
        // Two processes and two threads may write at once; a rename shows readers one whole entry or the other.
        let turn = TURN.fetch_add(1, Ordering::Relaxed);
        let draft = path.with_extension(format!("{}-{turn}.tmp", std::process::id()));
        let written = fs::create_dir_all(&self.dir)
            .and_then(|()| fs::write(&draft, entry))
            .and_then(|()| fs::rename(&draft, &path));
        if written.is_err() {
            let _ = fs::remove_file(&draft);
        }
    }

    fn path(&self, digest: Digest, compatibility: &[u8; 32]) -> PathBuf {
        let short: String = compatibility[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        self.dir.join(format!("{digest}-{short}.cwasm"))
    }

    fn mac(&self, digest: Digest, compatibility: &[u8; 32], code: &[u8]) -> Hmac<Sha256> {
        // The key of HMAC is hashed when it is too long and filled when too short, so every length will do.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key)
            .unwrap_or_else(|_| unreachable!("HMAC takes keys of every length"));
        mac.update(b"caifeng compiled plugin 1");
        mac.update(digest.as_bytes());
        mac.update(compatibility);
        mac.update(code);
        mac
    }
}

impl fmt::Debug for CompiledCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledCache").field("dir", &self.dir).finish_non_exhaustive()
    }
}

/// wasmtime's own statement of which compiled code it can load, as SHA-256.
fn compatibility(engine: &wasmtime::Engine) -> [u8; 32] {
    struct Sha(Sha256);
    impl Hasher for Sha {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut hasher = Sha(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize().into()
}
