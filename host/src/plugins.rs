//! (placeholder: plugins)
