"""Copies of dicts: dense and sparse ones, keys of all kinds, while other threads change the original."""

import threading


class Derived(dict):
    pass


def check(original):
    items = list(original.items())
    copies = [
        original.copy(),
        dict(original),
        {**original},
        original | {},
        {} | original,
    ]
    updated = {}
    updated.update(original)
    copies.append(updated)
    for copy in copies:
        assert type(copy) is dict and copy is not original
        assert copy == original and list(copy.items()) == items
        for key, value in items:
            assert copy[key] == value
        copy["another"] = 1
        assert "another" not in original and copy["another"] == 1
        for key, _ in items:
            del copy[key]
        assert copy == {"another": 1} and list(original.items()) == items
        copy.update(original)
        assert list(copy.items()) == [("another", 1)] + items


KINDS = [str, lambda i: i, lambda i: (i, str(i)), float, lambda i: i if i % 2 else f"k{i}"]
for make in KINDS:
    for size in (0, 1, 5, 6, 10, 11, 21, 22, 85, 86, 500, 1400):
        original = {make(i): i for i in range(size)}
        check(original)
        for i in range(0, size, 3):
            del original[make(i)]
        check(original)
        for i in range(size // 2):
            original.pop(make(i), None)
        check(original)
        original[make(0)] = "again"
        check(original)

check(dict.fromkeys([2**70, -1, -2, 2**61 - 1, 0, 1.5, None, True, ""]))
derived = Derived(a=1, b=2)
assert type(derived.copy()) is dict and derived.copy() == {"a": 1, "b": 2}

# A copy shows one moment: no value is of another key.
shared = {i: i * 2 for i in range(64)}
stop = threading.Event()


def change():
    turn = 0
    while not stop.is_set():
        turn += 1
        key = turn % 200
        shared[key] = key * 2
        shared.pop((key * 7) % 200, None)


def look():
    for _ in range(400):
        copy = shared.copy()
        assert all(value == key * 2 for key, value in copy.items())
        assert len(copy) == len(list(copy))
        merged = {}
        merged.update(shared)
        assert all(merged[key] == key * 2 for key in list(merged))


changers = [threading.Thread(target=change) for _ in range(2)]
lookers = [threading.Thread(target=look) for _ in range(2)]
for thread in changers + lookers:
    thread.start()
for thread in lookers:
    thread.join()
stop.set()
for thread in changers:
    thread.join()
