//! (placeholder: grant)
