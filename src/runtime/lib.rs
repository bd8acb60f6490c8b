//! The object model and the evaluation loop.
