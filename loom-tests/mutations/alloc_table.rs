//! Mutations of the allocator's protocols.

use super::table::Mutation;

const THREAD_FREE: &str = "src/alloc/thread_free.rs";
const HOLDER: &str = "src/alloc/holder.rs";
const PAGE_LIST: &str = "src/alloc/page_list.rs";
