//! (placeholder: fetch)
