//! (placeholder: ingest)
