//! Fork with other threads about. A process of its own: it forks.

use std::sync::atomic::{AtomicBool, Ordering};
use typhon_sync::header::Header;
use typhon_sync::{
    ThreadRecord, after_fork_child, prepare_fork, set_multithreaded, stop_the_world,
};

unsafe extern "C" {
    fn fork() -> i32;
    fn waitpid(child: i32, status: *mut i32, options: i32) -> i32;
    fn _exit(status: i32) -> !;
}

/// What the child does when it is alone; 0 if all is well.
fn in_the_child(me: &'static ThreadRecord, left_behind: &'static Header) -> i32 {
    let mut others = 0;
    ThreadRecord::for_each(|record| others += usize::from(!std::ptr::eq(record, me)));
    if others != 0 {
        return 2;
    }
    // Owned by a thread that is not here any more: merged by whoever drops it.
    if !left_behind.decref() {
        return 3;
    }
    drop(stop_the_world(me));
    me.detach();
    me.attach();
    let started = std::thread::spawn(|| {
        let record = ThreadRecord::register().expect("an id is free");
        record.attach();
        record.unregister(&mut |_| {});
    });
    if me.detached(|| started.join()).is_err() {
        return 4;
    }
    0
}

#[test]
fn the_child_is_the_only_thread_and_the_parent_goes_on() {
    static DONE: AtomicBool = AtomicBool::new(false);
    set_multithreaded();
    let me = ThreadRecord::register().expect("an id is free");
    me.attach();
    let (give, take) = std::sync::mpsc::channel();
    let other = std::thread::spawn(move || {
        let record = ThreadRecord::register().expect("an id is free");
        record.attach();
        let object: &'static Header = Box::leak(Box::new(Header::new_owned(0, record.owner_id())));
        give.send(object).expect("the other end is open");
        while !DONE.load(Ordering::Relaxed) {
            if record.poll() {
                record.safepoint();
            }
        }
        record.unregister(&mut |_| {});
    });
    let object = me.detached(|| take.recv().expect("the other end is open"));
    for _ in 0..20 {
        let guard = prepare_fork(me);
        // SAFETY: the child runs what the guard has made ready for it, and exits.
        let child = unsafe { fork() };
        assert!(child >= 0, "cannot fork");
        if child == 0 {
            after_fork_child(guard, &mut |_| {});
            let status = in_the_child(me, object);
            // SAFETY: ends the child without the test harness noticing.
            unsafe { _exit(status) };
        }
        drop(guard);
        let mut status = 0;
        // SAFETY: `status` is ours.
        let waited = me.detached(|| unsafe { waitpid(child, &raw mut status, 0) });
        assert_eq!((waited, status), (child, 0));
    }
    DONE.store(true, Ordering::Relaxed);
    me.detached(|| other.join().expect("the thread has panicked"));
    assert_eq!(object.count(), 1);
    me.unregister(&mut |_| {});
}
