//! (placeholder: crawl)
