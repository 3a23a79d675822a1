//! (placeholder: schedule)
