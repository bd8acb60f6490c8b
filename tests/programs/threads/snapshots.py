# Copies of containers that other threads change are copies of one moment.
import sys
import threading
import time

shared, keys = {n: n for n in range(50)}, set(range(50))
stop = threading.Event()


def change():
    number = 100
    while not stop.is_set():
        shared[number] = number
        keys.add(number)
        shared.pop(number - 20, None)
        keys.discard(number - 20)
        number += 1


def read():
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        for copied in (
            list(shared), tuple(shared), set(shared), frozenset(shared), sorted(shared),
            list(shared.keys()), list(shared.values()), list(shared.items()), dict(shared),
            shared.copy(), {**shared}, [*shared], dict.fromkeys(shared), shared | {},
            list(keys), tuple(keys), sorted(keys), set(keys), keys | {1}, keys.copy(),
            {}.fromkeys(keys), repr(shared), repr(keys), ",".join(map(str, list(shared))),
        ):
            assert len(copied) >= 50
        more = []
        more.extend(shared)
        more += shared.values()
        more[:] = keys
        other = {}
        other.update(shared)
        assert other.keys() >= set(range(50))


sys.setswitchinterval(1e-5)
changing = threading.Thread(target=change)
readers = [threading.Thread(target=read) for _ in range(2)]
failures = []
threading.excepthook = failures.append
changing.start()
for reader in readers:
    reader.start()
for reader in readers:
    reader.join()
stop.set()
changing.join()
assert not failures, failures
