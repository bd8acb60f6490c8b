//! The embedding API of Typhon.
