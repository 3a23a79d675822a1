//! plugin host
