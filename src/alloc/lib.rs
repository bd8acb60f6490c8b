//! The thread-local allocator.
