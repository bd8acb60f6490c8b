# 5000 threads one after the other, 2000 at once; when the system gives no more, RuntimeError.
import resource
import threading

done = []
for number in range(5000):
    thread = threading.Thread(target=done.append, args=(number,))
    thread.start()
    thread.join()
assert done == list(range(5000))

gate = threading.Event()
threads = [threading.Thread(target=gate.wait) for _ in range(2000)]
for thread in threads:
    thread.start()
assert threading.active_count() == 2001
gate.set()
for thread in threads:
    thread.join()
assert threading.active_count() == 1

soft, hard = resource.getrlimit(resource.RLIMIT_AS)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (100 << 20), hard))
gate = threading.Event()
started = []
try:
    for _ in range(10_000):
        thread = threading.Thread(target=gate.wait)
        thread.start()
        started.append(thread)
except (RuntimeError, MemoryError) as error:
    assert isinstance(error, MemoryError) or str(error) == "can't start new thread", error
else:
    raise AssertionError("no limit")
gate.set()
for thread in started:
    thread.join()
