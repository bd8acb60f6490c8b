# Threads on one container: operations that are atomic in CPython lose nothing and tear nothing.
import threading
from collections import deque


def together(function, count=4):
    failures = []

    def run(n):
        try:
            function(n)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failures:
        raise failures[0]


N = 2000
items = []
together(lambda n: [items.append((n, i)) for i in range(N)])
assert len(items) == 4 * N and len(set(items)) == 4 * N
for n in range(4):
    assert [i for m, i in items if m == n] == list(range(N)), "each thread's items are in its order"
table = {}
together(lambda n: [table.__setitem__((n, i), i) for i in range(N)])
assert len(table) == 4 * N and all(table[n, i] == i for n in range(4) for i in range(N))
popped = [[] for _ in range(4)]


def pop_all(n):
    while True:
        try:
            popped[n].append(items.pop())
        except IndexError:
            return


together(pop_all)
assert sorted(x for p in popped for x in p) == sorted((n, i) for n in range(4) for i in range(N))
elements = set()
together(lambda n: [elements.add(i) for i in range(N)])
assert elements == set(range(N))
d = deque(range(4 * N))
popped = [[] for _ in range(4)]


def pop_deque(n):
    pop = d.popleft if n % 2 else d.pop
    while True:
        try:
            popped[n].append(pop())
        except IndexError:
            return


together(pop_deque)
assert sorted(x for p in popped for x in p) == list(range(4 * N))
first = {}
winners = [[] for _ in range(4)]


def race(n):
    for i in range(N):
        if first.setdefault(i, n) == n:
            winners[n].append(i)


together(race)
assert sum(map(len, winners)) == N
shared = iter(range(4 * N))
taken = [[] for _ in range(4)]
lock = threading.Lock()


def take(n):
    while True:
        with lock:
            item = next(shared, None)
        if item is None:
            return
        taken[n].append(item)


together(take)
assert sorted(x for t in taken for x in t) == list(range(4 * N))


class Box:
    pass


box = Box()
together(lambda n: [setattr(box, f"a{n}_{i}", i) for i in range(200)])
assert len(box.__dict__) == 800
assert all(getattr(box, f"a{n}_{i}") == i for n in range(4) for i in range(200))
box.value = (0, 0)


def tearing(n):
    for i in range(N):
        box.value = (n, n)
        a, b = box.value
        assert a == b


together(tearing)
