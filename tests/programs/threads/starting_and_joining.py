# Thread: start, join, names, identity, daemon, errors of misuse, results handed over.
import threading
import time

results = []


def work(n, *, add=0):
    results.append(n + add)


threads = [threading.Thread(target=work, args=(i,), kwargs={"add": 100}) for i in range(10)]
for t in threads:
    assert not t.is_alive() and t.ident is None
    t.start()
for t in threads:
    t.join()
    assert not t.is_alive() and t.ident is not None
assert sorted(results) == list(range(100, 110))
t = threads[0]
for action, text in [
    (t.start, "threads can only be started once"),
    (threading.Thread().join, "cannot join thread before it is started"),
    (threading.current_thread().join, "cannot join current thread"),
]:
    try:
        action()
    except RuntimeError as error:
        assert str(error) == text, error
    else:
        raise AssertionError(text)
assert threading.current_thread() is threading.main_thread()
assert threading.main_thread().name == "MainThread"
assert threading.active_count() == 1
named = threading.Thread(target=lambda: results.append(threading.current_thread().name), name="given")
named.start()
named.join()
assert results[-1] == "given" and threading.get_ident() == threading.main_thread().ident


class Mine(threading.Thread):
    def __init__(self, n):
        super().__init__(daemon=True)
        self.n = n

    def run(self):
        self.result = self.n**2


m = Mine(7)
assert m.daemon
m.start()
m.join()
assert m.result == 49
slow = threading.Thread(target=time.sleep, args=(0.3,))
slow.start()
started = time.monotonic()
slow.join(timeout=0.02)
assert slow.is_alive()
assert time.monotonic() - started < 0.29
assert slow in threading.enumerate()
slow.join()
assert not slow.is_alive() and threading.enumerate() == [threading.main_thread()]


def recursive_start(depth):
    if depth:
        inner = threading.Thread(target=recursive_start, args=(depth - 1,))
        inner.start()
        inner.join()
    results.append(depth)


results.clear()
recursive_start(20)
assert results == list(range(21))
for _ in range(300):
    t = threading.Thread(target=results.append, args=(0,))
    t.start()
    t.join()
assert len(results) == 321
ran = []
timer = threading.Timer(0.01, ran.append, ["timer"])
timer.start()
timer.join()
never = threading.Timer(60, ran.append, ["never"])
never.start()
never.cancel()
never.join()
assert ran == ["timer"]
import _thread

done = _thread.allocate_lock()
done.acquire()
_thread.start_new_thread(lambda: done.release(), ())
assert done.acquire(timeout=10)
assert threading.get_native_id() > 0 and threading.stack_size() == 0
