//! Every model, and what it cannot do without.

/// One change to the source that makes a model fail.
pub struct Mutation {
    /// The model, as `cargo test` names it.
    pub model: &'static str,
    /// The file to change, from the root of the workspace.
    pub file: &'static str,
    /// What is there.
    pub line: &'static str,
    /// What to put in its place.
    pub mutated: &'static str,
    /// What is missing then.
    pub without: &'static str,
}

const HEADER: &str = "src/sync/header.rs";
const COUNT: &str = "src/sync/biased_count.rs";
const QUEUE: &str = "src/sync/merge_queue.rs";
const DISTRIBUTED: &str = "src/sync/distributed.rs";
const LOCK: &str = "src/sync/byte_lock.rs";
const SLOT: &str = "src/sync/slot.rs";
const QSBR: &str = "src/sync/qsbr.rs";
const THREAD: &str = "src/sync/thread.rs";
const WORLD: &str = "src/sync/world.rs";
const GIL: &str = "src/sync/gil.rs";
const ONCE: &str = "src/sync/once.rs";
const CACHE: &str = "src/sync/inline_cache.rs";

macro_rules! mutations {
    ($($model:literal { $($file:ident: $without:literal, $line:literal => $mutated:literal;)+ })*) => {
        /// The mutations, by model.
        pub const MUTATIONS: &[Mutation] = &[$($(Mutation {
            model: $model,
            file: $file,
            line: $line,
            mutated: $mutated,
            without: $without,
        },)+)*];
    };
}

mutations! {
    "counts::owner_and_stranger_free_exactly_once" {
        COUNT: "no queue for a count that would be negative",
            "let queue = word == STATE_DEFAULT || word == STATE_MAYBE_SHARED;" =>
            "let queue = false;";
    }
    "counts::counting_on_both_sides_frees_exactly_once" {
        COUNT: "the merge forgets the owner's count",
            "+ local + change;" => "+ change;";
    }
    "counts::two_strangers_queue_it_once" {
        COUNT: "the reference in the queue is dropped already",
            "if queue { STATE_QUEUED }" => "if queue { STATE_QUEUED.wrapping_sub(SHARED_ONE) }";
    }
    "counts::the_owner_frees_after_a_borrower_is_done" {
        COUNT: "the owner does not look at the shared count",
            "if self.shared.load(Ordering::Acquire) == 0 {" => "if true {";
        COUNT: "decrements do not release",
            ".compare_exchange(current, new, Ordering::AcqRel, Ordering::Relaxed)" =>
            ".compare_exchange(current, new, Ordering::Acquire, Ordering::Relaxed)";
        COUNT: "the last decrement does not acquire",
            ".compare_exchange(current, new, Ordering::AcqRel, Ordering::Relaxed)" =>
            ".compare_exchange(current, new, Ordering::Release, Ordering::Relaxed)";
        COUNT: "the owner's look at the shared count does not acquire",
            "if self.shared.load(Ordering::Acquire) == 0 {" =>
            "if self.shared.load(Ordering::Relaxed) == 0 {";
    }
    "counts::a_freed_header_belongs_to_whoever_freed_it" {
        COUNT: "owner is written after the merge can be seen",
            "Ok(()) => return total == 0," =>
            "Ok(()) => { self.owner.store(NOBODY, Ordering::Relaxed); return total == 0 }";
    }
    "merge_queue::an_ending_owner_leaves_nothing_queued" {
        THREAD: "no last look at the queue under its lock",
            "if !self.merge_queue.is_empty() || self.counts.has_candidates() {" =>
            "if self.counts.has_candidates() {";
        QUEUE: "no look whether the id is vacant",
            "if record.is_vacant() {" => "if false {";
    }
    "merge_queue::a_running_owner_is_asked_to_merge" {
        QUEUE: "the owner is not asked",
            "record.request(request::MERGE);" => "";
    }
    "merge_queue::a_reused_id_inherits_its_objects" {
        THREAD: "a starting thread does not lock its merge queue",
            "let _guard = record.merge_queue.lock.guard();\n            let mut word" => "let mut word";
    }
    "merge_queue::a_stopped_world_merges_for_everybody" {
        QUEUE: "queues are merged as if they were one's own",
            "record.owner_id()) {" => "crate::mode::owner_id()) {";
    }
    "promotion::promotion_keeps_every_reference" {
        DISTRIBUTED: "promotion forgets the shared count",
            "        + i64::from(shared_count(header.shared.load(Ordering::Relaxed)));\n    // The" =>
            ";\n    // The";
        DISTRIBUTED: "an ended thread takes its counts with it",
            "registry::records().map(|record| record.counts.table.get(slot))" =>
            "registry::records().filter(|record| !record.is_vacant()).map(|record| record.counts.table.get(slot))";
    }
    "promotion::tables_of_starting_threads_are_large_enough" {
        DISTRIBUTED: "a new table has no room",
            "let capacity = lock(&SLOTS).base.len();" => "let capacity = 0;";
        DISTRIBUTED: "tables do not grow",
            "record.counts.table.grow(capacity);" => "";
    }
    "promotion::contended_objects_are_promoted_by_those_who_collide" {
        DISTRIBUTED: "a candidate is not kept alive",
            "        record.request(request::PROMOTE);\n        1" =>
            "        record.request(request::PROMOTE);\n        0";
    }
    "locks::the_lock_excludes_and_loses_no_wakeup" {
        LOCK: "further sleepers are forgotten",
            "if more { PARKED } else { 0 }" => "if more { 0 } else { 0 }";
        LOCK: "a waiter sleeps without a last look",
            "self.0.load(Ordering::Relaxed) == LOCKED | PARKED" => "true";
        LOCK: "taking does not acquire",
            ".compare_exchange_weak(0, LOCKED, Ordering::Acquire, Ordering::Relaxed)" =>
            ".compare_exchange_weak(0, LOCKED, Ordering::Relaxed, Ordering::Relaxed)";
        LOCK: "giving back does not release",
            ".compare_exchange(LOCKED, 0, Ordering::Release, Ordering::Relaxed)" =>
            ".compare_exchange(LOCKED, 0, Ordering::Relaxed, Ordering::Relaxed)";
    }
    "locks::trying_never_disturbs_the_lock" {
        LOCK: "trying takes a lock that is held",
            "while state & LOCKED == 0 {" => "while true {";
    }
    "locks::two_objects_never_deadlock" {
        LOCK: "no order between two locks",
            "            b.lock();\n            a.lock();" =>
            "            a.lock();\n            b.lock();";
    }
    "slots::a_list_item_is_got_alive_or_not_at_all" {
        SLOT: "no second look at the slot",
            "if load() == word {" => "if true {";
        COUNT: "a reference to the dead",
            "if word == shared_word(0, STATE_DEFAULT) || word == shared_word(0, STATE_MERGED) {" =>
            "if word == shared_word(0, STATE_DEFAULT) {";
    }
    "slots::an_immortal_in_reused_memory_is_not_mistaken" {
        COUNT: "the owner is not acquired",
            "match self.owner.load(Ordering::Acquire)" => "match self.owner.load(Ordering::Relaxed)";
        HEADER: "the owner is not released",
            "header.owner.store(owner, Ordering::Release);" =>
            "header.owner.store(owner, Ordering::Relaxed);";
    }
    "slots::an_unmarked_item_is_got_with_the_lock" {
        COUNT: "a reference to what the owner may free without a look",
            "if word == shared_word(0, STATE_DEFAULT) || word == shared_word(0, STATE_MERGED) {" =>
            "if word == shared_word(0, STATE_MERGED) {";
    }
    "slots::an_owner_reads_what_a_stranger_removes" {
        COUNT: "a stranger frees what the owner counts",
            "Ok(()) if queue => return merge_queue::push(owner, self)," =>
            "Ok(()) if queue => return { let _ = merge_queue::push; true },";
    }
    "slots::a_dict_entry_is_got_alive_or_not_at_all" {
        SLOT: "no second look at the entry",
            "if load() == word {" => "if true {";
        QSBR: "replaced tables are freed at once",
            "if !multithreaded() {\n        // SAFETY: the caller's promise; nobody" =>
            "if true {\n        // SAFETY: the caller's promise; nobody";
    }
    "weak_references::an_upgrade_gets_a_living_object_or_none" {
        COUNT: "upgrading the dead",
            "if word == shared_word(0, STATE_DEFAULT) || word == shared_word(0, STATE_MERGED) {" =>
            "if word == shared_word(0, STATE_DEFAULT) {";
        COUNT: "the owner frees a weakly referenced object without a merge",
            "if self.shared.load(Ordering::Acquire) == 0 {" =>
            "if crate::header::shared_count(self.shared.load(Ordering::Acquire)) == 0 {";
    }
    "weak_references::two_upgrades_and_the_last_drop" {
        COUNT: "upgrading the dead",
            "if word == shared_word(0, STATE_DEFAULT) || word == shared_word(0, STATE_MERGED) {" =>
            "if word == shared_word(0, STATE_DEFAULT) {";
    }
    "qsbr::an_attached_reader_is_waited_for" {
        QSBR: "a checkpoint does not release what was read",
            "SHARED.sequence.load(Ordering::Acquire), Ordering::Release);" =>
            "SHARED.sequence.load(Ordering::Acquire), Ordering::Relaxed);";
        QSBR: "a checkpoint does not acquire the unlinking",
            "SHARED.sequence.load(Ordering::Acquire), Ordering::Release);" =>
            "SHARED.sequence.load(Ordering::Relaxed), Ordering::Release);";
        QSBR: "the advance does not release the unlinking",
            "SHARED.sequence.fetch_add(1, Ordering::AcqRel)" =>
            "SHARED.sequence.fetch_add(1, Ordering::Acquire)";
    }
    "qsbr::an_attaching_reader_is_waited_for" {
        QSBR: "no fence when going online",
            "// See the module; pairs with the fence in `poll_reclaim`.\n        fence(Ordering::SeqCst);" =>
            "";
        QSBR: "no fence before looking who is online",
            "// See the module; pairs with the fence in `go_online`.\n    fence(Ordering::SeqCst);" =>
            "";
    }
    "qsbr::two_retirers_wait_for_each_other" {
        QSBR: "nobody is waited for",
            "pop_passed(unsafe { &mut (*limbo).closed }, passed)" =>
            "pop_passed(unsafe { &mut (*limbo).closed }, passed.max(u64::MAX))";
    }
    "qsbr::an_ended_thread_leaves_its_blocks_to_others" {
        QSBR: "an ending thread takes its blocks with it",
            "lock(&SHARED.orphans).extend(batches);" => "drop(batches);";
        QSBR: "orphans are freed at once",
            "pop_passed(&mut lock(&SHARED.orphans), passed)" =>
            "pop_passed(&mut lock(&SHARED.orphans), passed.max(u64::MAX))";
    }
    "qsbr::a_detached_thread_frees_nothing_under_the_attached_one" {
        QSBR: "who retires need not be attached",
            "ThreadRecord::current().filter(|record| record.is_attached()) else {\n        retire_outside(block);" =>
            "ThreadRecord::current().filter(|record| record.is_attached()) else {\n        unsafe { free(pointer) };";
        QSBR: "nobody is told of what was retired outside",
            "for record in registry::records() {\n        record.request(request::PENDING_FREES);\n    }\n}\n\n/// Advances" =>
            "}\n\n/// Advances";
    }
    "world::a_stopped_world_stands_still" {
        THREAD: "a thread that goes does not say so",
            "world::note_stopped(&mut REGISTRY.lock());" => "";
        THREAD: "an ending thread does not say so",
            "world::note_stopped(&mut state);" => "";
        THREAD: "a starting thread does not wait",
            "if state.stopping { request::STOP } else { 0 }" => "0";
        THREAD: "attaching does not wait",
            "if word & (request::STOP | request::CLOSED) != 0 {\n                self.wait_until_resumed();" =>
            "if false {\n                self.wait_until_resumed();";
        THREAD: "detaching does not release",
            "self.word.fetch_and(!ATTACHED, Ordering::AcqRel)" =>
            "self.word.fetch_and(!ATTACHED, Ordering::Relaxed)";
        WORLD: "resuming wakes nobody",
            "REGISTRY.resumed.notify_all();" => "";
    }
    "world::two_stoppers_take_turns" {
        WORLD: "the second stopper waits attached",
            "            me.detach();\n        }\n        state" =>
            "            let _ = me;\n        }\n        state";
    }
    "world::stoppers_and_short_lived_threads" {
        WORLD: "a stopper does not wait for its turn",
            "if state.stopping {\n        drop(state);" => "if false {\n        drop(state);";
    }
    "world::a_computing_thread_is_asked_to_stop" {
        THREAD: "STOP is not seen by polling",
            "self.word.load(Ordering::Relaxed) != ATTACHED" =>
            "self.word.load(Ordering::Relaxed) & !request::STOP != ATTACHED";
    }
    "world::the_world_stops_with_a_gil_too" {
        THREAD: "waiting for the GIL attached",
            "self.clear_attached(); GIL.hand_over(self); self.set_attached();" =>
            "GIL.hand_over(self);";
    }
    "gil::one_thread_at_a_time_and_everyone_in_the_end" {
        GIL: "giving up wakes nobody",
            "state.holder = FREE;\n        Self::wake_one(&mut state);" => "state.holder = FREE;";
        GIL: "taken though it is held",
            "if state.holder == FREE {\n            state.take(me);" =>
            "if true {\n            state.take(me);";
    }
    "gil::handing_over_loses_nobody" {
        GIL: "handing over wakes nobody",
            "        wake(next);" => "";
        GIL: "whoever hands over does not queue up again",
            "        state.waiting.push(me.id());\n        wake(next);" => "        wake(next);";
    }
    "gil::any_choice_of_the_next_thread_will_do" {
        GIL: "a waiter that is chosen stays in the queue",
            "        self.waiting.retain(|&id| id != me.id());" => "";
    }
    "gil::counts_need_no_atomics_with_a_gil" {
        GIL: "taken though it is held",
            "if state.holder == FREE {\n            state.take(me);" =>
            "if true {\n            state.take(me);";
    }
    "once::a_cell_is_filled_once_and_seen_complete" {
        ONCE: "READY does not release the value",
            "self.state.swap(self.to, Ordering::AcqRel)" =>
            "self.state.swap(self.to, Ordering::Relaxed)";
        ONCE: "those who wait are not woken",
            "== AWAITED {" => "== READY {";
        ONCE: "a second thread computes it too",
            "Err(_) => self.wait()," => "Err(_) => { self.run(initialize); break }";
    }
    "once::waiting_for_the_value_does_not_hold_up_the_world" {
        ONCE: "waiting attached",
            "record.detached(sleep)" => "{ let _ = record; sleep() }";
    }
    "inline_cache::a_cache_is_never_seen_torn" {
        CACHE: "filling does not release",
            "u64::from(payload), Ordering::Release" => "u64::from(payload), Ordering::Relaxed";
        CACHE: "looking does not acquire",
            "self.0.load(Ordering::Acquire)" => "self.0.load(Ordering::Relaxed)";
        CACHE: "the guard is not compared",
            "((word >> 32) as u32 == guard).then_some" => "(word >> 32 != 0).then_some";
    }
}
