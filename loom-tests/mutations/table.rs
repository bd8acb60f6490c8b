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
const OBJECT: &str = "src/sync/object_lock.rs";
const SLOT: &str = "src/sync/slot.rs";
const QSBR: &str = "src/sync/qsbr.rs";
const THREAD: &str = "src/sync/thread.rs";
const WEAK: &str = "src/sync/weak_target.rs";
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
            "if !self.merge_queue.is_empty() {" => "if false {";
    }
    "merge_queue::who_is_no_thread_merges_for_an_owner_that_has_ended" {
        QUEUE: "no look whether the id is vacant",
            "if record.is_vacant() {" => "if false {";
    }
    "merge_queue::a_running_owner_is_asked_to_merge" {
        QUEUE: "the owner is not asked",
            "record.word.fetch_or(request::MERGE, Ordering::Release)" =>
            "record.word.load(Ordering::Relaxed)";
    }
    "merge_queue::a_reused_id_inherits_its_objects" {
        THREAD: "a starting thread does not lock its merge queue",
            "let _guard = record.merge_queue.lock.guard();\n            let mut word" => "let mut word";
    }
    "merge_queue::a_stopped_world_merges_for_everybody" {
        QUEUE: "queues are merged as if they were one's own",
            "record.owner_id()) {" => "crate::mode::owner_id()) {";
    }
    "merge_queue::a_sleeping_owner_is_merged_for" {
        QUEUE: "the sleeper may wake up meanwhile",
            "            word | request::STOP," => "            word,";
        QUEUE: "what the sleeper counted is not acquired",
            "            Ordering::Acquire,\n            Ordering::Relaxed,\n        ) {\n            Ok(_) => break," =>
            "            Ordering::Relaxed,\n            Ordering::Relaxed,\n        ) {\n            Ok(_) => break,";
    }
    "merge_queue::nobody_sleeps_on_what_waits" {
        THREAD: "an owner that was asked to merge goes to sleep",
            "if self.clear_attached_unless(request::MERGE | request::MERGE_ALL)" =>
            "if self.clear_attached_unless(0)";
        THREAD: "a thread that is to merge for others does not",
            "if asked & request::MERGE_ALL != 0 {" => "if false {";
    }
    "promotion::promotion_keeps_every_reference" {
        DISTRIBUTED: "promotion forgets the shared count",
            "        + i64::from(shared_count(header.shared.load(Ordering::Relaxed)));\n    if total <= 0" =>
            ";\n    if total <= 0";
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
    "promotion::what_one_thread_uses_becomes_its_own" {
        DISTRIBUTED: "adoption forgets the shared count",
            "i64::from(header.local.load(Ordering::Relaxed)) + i64::from(shared_count(shared));\n    let Ok" =>
            "i64::from(header.local.load(Ordering::Relaxed));\n    let Ok";
    }
    "promotion::what_waits_to_be_merged_is_not_adopted" {
        DISTRIBUTED: "what waits in a queue is adopted",
            " || state == STATE_QUEUED" => "";
    }
    "promotion::what_is_to_be_adopted_may_die" {
        DISTRIBUTED: "what has died is adopted",
            "let Ok(local @ 1..)" => "let Ok(local)";
    }
    "promotion::a_candidate_may_die" {
        DISTRIBUTED: "a candidate that has died is promoted",
            "if total <= 0 {" => "if false {";
    }
    "locks::the_lock_excludes_and_loses_no_wakeup" {
        LOCK: "further sleepers are forgotten",
            "if more { LOCKED } else { LOCKED | PARKED }" => "LOCKED | PARKED";
        LOCK: "a waiter sleeps without a last look",
            "self.0.load(Ordering::Relaxed) & (LOCKED | PARKED) == LOCKED | PARKED" => "true";
        LOCK: "taking does not acquire",
            "|| self.0.compare_exchange_weak(state, state | LOCKED, Ordering::Acquire, Ordering::Relaxed)" =>
            "|| self.0.compare_exchange_weak(state, state | LOCKED, Ordering::Relaxed, Ordering::Relaxed)";
        LOCK: "giving back does not release",
            "|| self.0.compare_exchange(state, state & !LOCKED, Ordering::Release, Ordering::Relaxed)" =>
            "|| self.0.compare_exchange(state, state & !LOCKED, Ordering::Relaxed, Ordering::Relaxed)";
    }
    "locks::trying_never_disturbs_the_lock" {
        LOCK: "trying takes a lock that is held",
            "while state & LOCKED == 0 {" => "while true {";
    }
    "object_lock::the_owner_lets_others_in_at_a_safepoint" {
        OBJECT: "nobody waits for the owner",
            "    wait_for(record);\n    header" => "    header";
        OBJECT: "the owner does not look whether others have asked",
            "== crate::mode::bias_id() && self.lock.marks() & (ASKED | REVOKED) == 0" =>
            "== crate::mode::bias_id()";
        OBJECT: "the owner goes on without the lock until its bias is gone",
            "self.lock.marks() & (ASKED | REVOKED) == 0" => "self.lock.marks() & REVOKED == 0";
        OBJECT: "who was waited for tells nobody",
            "    );\n    wake_waiting();\n}" => "    );\n}";
        THREAD: "a thread that detaches tells nobody",
            "if before & request::REVOKE != 0 { object_lock::wake_waiting(); } true" => "true";
    }
    "object_lock::an_owner_that_was_away_finds_its_bias_gone" {
        OBJECT: "no fence between asking and looking at the owner",
            "fence(Ordering::SeqCst);" => "";
        OBJECT: "what the owner did before it went is not acquired",
            "if is_outside(record.word.load(Ordering::Acquire)) {" =>
            "if is_outside(record.word.load(Ordering::Relaxed)) {";
    }
    "object_lock::who_stops_the_world_lets_others_in" {
        OBJECT: "who stops the world is waited for",
            "word & ATTACHED == 0 || word & STANDING_BY != 0" => "word & ATTACHED == 0";
        OBJECT: "who stops the world tells nobody",
            "        wake_waiting();\n    }\n}" => "    }\n}";
    }
    "object_lock::who_comes_second_waits_for_the_owner_too" {
        OBJECT: "asking is enough",
            "|| self.lock.marks() & REVOKED != 0 {" => "|| self.lock.marks() & (ASKED | REVOKED) != 0 {";
    }
    "object_lock::two_objects_never_deadlock" {
        OBJECT: "no order between two locks",
            "if byte_lock::is_first(&a.lock, &b.lock) {" => "if true {";
    }
    "object_lock::two_owners_enter_both_objects" {
        OBJECT: "the first is entered before the second is asked for",
            "    b.prepare_to_enter();\n    if" => "    if";
    }
    "object_lock::two_threads_that_wait_for_each_other_go_on" {
        OBJECT: "who waits answers nobody",
            "|| me.is_some_and(|me| me.word.load(Ordering::Relaxed) & request::REVOKE != 0);" =>
            "|| me.is_some_and(|_| false);";
    }
    "object_lock::a_thread_without_bias_takes_its_locks" {
        OBJECT: "the thread that gave up its bias does not know",
            "        bias.given_up.store(1, Ordering::Release);\n        refresh(me);" =>
            "        bias.given_up.store(1, Ordering::Release);";
    }
    "object_lock::an_exclusive_owner_is_told_of_readers" {
        OBJECT: "readers announce nothing",
            "pub fn announce_reader(&self) { self.prepare_to_enter(); }" => "pub fn announce_reader(&self) {}";
    }
    "object_lock::an_object_without_owner_shows_what_its_owner_did" {
        COUNT: "letting go of an object does not release",
            "self.owner.store(NOBODY, Ordering::Release); let mut word" =>
            "self.owner.store(NOBODY, Ordering::Relaxed); let mut word";
        OBJECT: "the lack of an owner is not acquired",
            "let owner = self.owner.load(Ordering::Acquire);" =>
            "let owner = self.owner.load(Ordering::Relaxed);";
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
            "let owner = self.owner.load(Ordering::Acquire);" =>
            "let owner = self.owner.load(Ordering::Relaxed);";
        HEADER: "the owner is not released",
            "header.owner.store(owner, Ordering::Release);" =>
            "header.owner.store(owner, Ordering::Relaxed);";
    }
    "uncounted::what_is_not_counted_is_settled_before_anything_is_freed" {
        WORLD: "nobody waits for the threads to stop",
            "while state.running > 0 {" => "while false {";
    }
    "uncounted::what_is_distributed_is_counted_without_a_second_look" {
        WORLD: "nobody waits for the threads to stop",
            "while state.running > 0 {" => "while false {";
    }
    "uncounted::an_owner_looks_at_what_a_stranger_removes" {
        COUNT: "a stranger frees what the owner looks at",
            "Ok(()) if queue => return merge_queue::push(owner, self)," =>
            "Ok(()) if queue => return { let _ = merge_queue::push; true },";
    }
    "uncounted::what_is_not_kept_is_not_found" {
        COUNT: "owned objects are kept",
            "self.owner.load(Ordering::Acquire) >= DISTRIBUTED" =>
            "self.owner.load(Ordering::Acquire) >= NOBODY";
        COUNT: "the owner is not acquired before the second look",
            "self.owner.load(Ordering::Acquire) >= DISTRIBUTED" =>
            "self.owner.load(Ordering::Relaxed) >= DISTRIBUTED";
        SLOT: "no second look for the kept",
            "(kept && load() == word)" => "kept";
    }
    "slots::an_unmarked_item_is_got_with_the_lock" {
        COUNT: "a reference to what the owner may free without a look",
            "if word == shared_word(0, STATE_DEFAULT) || word == shared_word(0, STATE_MERGED) {" =>
            "if word == shared_word(0, STATE_MERGED) {";
    }
    "slots::what_fills_an_empty_slot_is_taken_out_once" {
        SLOT: "the writer with the lock looks first and writes then",
            "slot.swap(word, Ordering::AcqRel)" =>
            "let old = slot.load(Ordering::Acquire);\n    slot.store(word, Ordering::Release);\n    old";
        SLOT: "the slot is filled without asking whether it is empty",
            "slot.compare_exchange(0, word, Ordering::Release, Ordering::Relaxed)\n        .is_ok()" =>
            "{ slot.store(word, Ordering::Release); true }";
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
    "weak_references::a_reference_dies_while_its_referent_does" {
        WEAK: "the word is cleared before the reference is counted",
            "let upgraded = upgrade(); self.0.store(0, Ordering::Release);" =>
            "self.0.store(0, Ordering::Release); let upgraded = upgrade();";
        WEAK: "clearing does not release the reference's memory",
            "self.0.store(0, Ordering::Release);" => "self.0.store(0, Ordering::Relaxed);";
        WEAK: "leaving without taking itself out",
            "take_out(&mut locked, address);" => "let _ = (&mut locked, take_out);";
    }
    "weak_references::a_reference_is_upgraded_while_its_callback_is_due" {
        WEAK: "no second look under the lock",
            "let _locked = lock(address); if self.address() == 0 {" =>
            "let _locked = lock(address); if address == 0 {";
    }
    "collector::what_is_dying_is_left_to_who_destroys_it" {
        WORLD: "the dying are taken for garbage",
            "&& header.count() <= 0" => "&& header.count() < 0";
    }
    "collector::what_a_finalizer_resurrects_is_freed_once" {
        WORLD: "garbage is not counted by the collector",
            "header.merge_local(1);" => "header.merge_local(0);";
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
            "before & !ATTACHED,\n                Ordering::AcqRel," => "before & !ATTACHED,\n                Ordering::Relaxed,";
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
            "old, new, Ordering::AcqRel, Ordering::Relaxed" => "old, new, Ordering::Relaxed, Ordering::Relaxed";
        CACHE: "looking does not acquire",
            "self.word.load(Ordering::Acquire)" => "self.word.load(Ordering::Relaxed)";
        CACHE: "filling does not look what is there by now",
            ".compare_exchange(old, new, Ordering::AcqRel, Ordering::Relaxed)" =>
            ".compare_exchange(self.word(), new, Ordering::AcqRel, Ordering::Relaxed)";
        CACHE: "who comes too late frees the chain of the others",
            "if extends {\n                    node.next = std::ptr::null_mut();" =>
            "if false {\n                    node.next = std::ptr::null_mut();";
    }
    "inline_cache::a_chain_that_was_replaced_outlives_its_readers" {
        CACHE: "no grace period",
            "unsafe { qsbr::retire(chain.cast(), Self::free) };" => "unsafe { Self::free(chain.cast()) };";
    }
}
