# Busy threads make progress together; the switch interval can be read and set; sleeping frees the others.
import sys
import threading
import time

old = sys.getswitchinterval()
assert 0 < old < 1
sys.setswitchinterval(0.001)
assert abs(sys.getswitchinterval() - 0.001) < 1e-9
sys.setswitchinterval(old)
try:
    sys.setswitchinterval(0)
except ValueError as error:
    assert str(error) == "switch interval must be strictly positive"
counts, stop = [0, 0, 0], False


def spin(n):
    while not stop:
        counts[n] += 1


threads = [threading.Thread(target=spin, args=(n,)) for n in range(3)]
for t in threads:
    t.start()
deadline = time.monotonic() + 20
while min(counts) < 100 and time.monotonic() < deadline:
    time.sleep(0.01)
stop = True
for t in threads:
    t.join()
assert min(counts) >= 100, counts
started = time.monotonic()
threads = [threading.Thread(target=time.sleep, args=(0.1,)) for _ in range(10)]
for t in threads:
    t.start()
for t in threads:
    t.join()
assert time.monotonic() - started < 0.9, "sleeps overlap"
flag = []


def waits_for_flag():
    while not flag:
        pass


t = threading.Thread(target=waits_for_flag)
t.start()
flag.append(1)
t.join()
assert sys._is_gil_enabled() in (True, False)
