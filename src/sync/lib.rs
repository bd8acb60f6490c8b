//! The concurrency core.
