//! Objects that wait for their owner, and owners that end.

use crate::{Object, begin, destroy, end, free_threaded, join, safepoint, spawn};

/// A stranger drops a reference that the owner counted, while the owner ends: the
/// object is merged by the one or by the other.
#[test]
fn an_ending_owner_leaves_nothing_queued() {
    free_threaded(4, || {
        let me = begin();
        let object = Object::new(me);
        let stranger = spawn(|_| object.drop_reference());
        end(me);
        stranger.join().expect("the thread has panicked");
        assert!(object.is_dead());
    });
}

/// The same when it is no thread of the interpreter that drops the reference: nobody asks it to merge
/// later.
#[test]
fn who_is_no_thread_merges_for_an_owner_that_has_ended() {
    free_threaded(4, || {
        let me = begin();
        let object = Object::new(me);
        let outsider = loom::thread::spawn(|| object.drop_reference());
        end(me);
        outsider.join().expect("the thread has panicked");
        assert!(object.is_dead());
    });
}

/// The owner merges at a safepoint what a stranger has queued.
#[test]
fn a_running_owner_is_asked_to_merge() {
    free_threaded(4, || {
        let me = begin();
        let object = Object::new(me);
        let stranger = spawn(|_| object.drop_reference());
        me.detached(|| stranger.join().expect("the thread has panicked"));
        safepoint(me);
        assert!(object.is_dead());
        end(me);
    });
}

/// A thread that gets the id of one that has ended inherits its objects: it counts
/// them as their owner, while a stranger makes use of the id's being vacant, or not.
#[test]
fn a_reused_id_inherits_its_objects() {
    free_threaded(3, || {
        let me = begin();
        let object = Object::new(me);
        object.header.incref();
        let stranger = spawn(|_| {
            object.read();
            object.drop_reference();
        });
        let id = me.id();
        end(me);
        let heir = spawn(move |heir| {
            assert!(heir.id() == id || heir.id() == id + 1);
            object.header.incref();
            object.read();
            object.drop_reference();
            object.drop_reference();
            safepoint(heir);
        });
        stranger.join().expect("the thread has panicked");
        heir.join().expect("the thread has panicked");
        assert!(object.is_dead());
    });
}

/// With the world stopped, all queues can be emptied by whoever stopped it.
#[test]
fn a_stopped_world_merges_for_everybody() {
    free_threaded(3, || {
        let me = begin();
        let object = Object::new(me);
        let stranger = spawn(|stranger| {
            object.drop_reference();
            let world = loom_tests::world::stop_the_world(stranger);
            let mut dead = Vec::new();
            world.drain_all_merge_queues(&mut |header| dead.push(header));
            drop(world);
            dead.into_iter().for_each(destroy);
        });
        safepoint(me);
        join(me, stranger);
        safepoint(me);
        assert!(object.is_dead());
        end(me);
    });
}

/// What is dropped while its owner sleeps dies at once, or when the world is stopped for it, and the
/// owner, which may wake up in the middle of that, counts on.
#[test]
fn a_sleeping_owner_is_merged_for() {
    free_threaded(3, || {
        let me = begin();
        let [dropped, kept] = [Object::new(me), Object::new(me)];
        kept.header.incref();
        let stranger = spawn(|_| {
            dropped.drop_reference();
            kept.drop_reference();
        });
        me.detached(|| ());
        kept.header.incref();
        kept.read();
        kept.drop_reference();
        me.detached(|| stranger.join().expect("the thread has panicked"));
        safepoint(me);
        assert!(dropped.is_dead() && !kept.is_dead());
        kept.drop_reference();
        assert!(kept.is_dead());
        end(me);
    });
}

/// What is dropped while its owner goes to sleep dies before the owner wakes up: the owner does not go
/// before it has merged it, and who finds it gone does not go either.
#[test]
fn nobody_sleeps_on_what_waits() {
    free_threaded(3, || {
        let me = begin();
        let object = Object::new(me);
        let stranger = spawn(|_| object.drop_reference());
        me.detach_merged(&mut destroy);
        stranger.join().expect("the thread has panicked");
        assert!(object.is_dead());
        me.attach();
        end(me);
    });
}
