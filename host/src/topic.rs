//! (placeholder: topic)
