//! (placeholder: web)
