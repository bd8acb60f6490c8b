//! Procedural macros for the runtime.
