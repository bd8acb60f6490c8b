# gc: cycles of every container are collected, counts, callbacks, referrers, flags, thresholds.
import gc
import weakref


class Node:
    pass


def count_nodes():
    gc.collect()
    return sum(1 for o in gc.get_objects() if type(o) is Node)


def cycles():
    a = Node()
    a.self = a
    b = Node()
    b.list = [b]
    c = Node()
    c.dict = {"k": (c,)}
    d = Node()
    d.function = lambda: d
    e = Node()

    class Local:
        node = e

    e.type = Local
    f = Node()
    f.method = f.__init_subclass__
    g = Node()
    g.generator = (x for x in [g])
    h = Node()
    h.set = {h}
    i = Node()
    i.iterator = iter([i])
    j = Node()
    try:
        raise ValueError
    except ValueError as error:
        j.error = error
    error = j.error
    from collections import deque
    from functools import partial

    k = Node()
    k.deque = deque([k])
    l = Node()
    l.partial = partial(print, l)
    m = Node()
    m.bound = m.__repr__
    return 13


assert count_nodes() == 0
made = cycles()
assert count_nodes() == 0, "every cycle is found"
gc.disable()
assert not gc.isenabled()
made = cycles()
alive = sum(1 for o in gc.get_objects() if type(o) is Node)
assert alive >= 12
assert gc.collect() > 0
gc.enable()
assert gc.isenabled() and count_nodes() == 0
gc.set_threshold(500, 5, 5)
assert gc.get_threshold()[0] == 500
gc.set_threshold(2000, 10, 10)
phases = []
callback = lambda phase, info: phases.append((phase, sorted(info)))
gc.callbacks.append(callback)
gc.collect()
gc.callbacks.remove(callback)
assert (
    [p for p, _ in phases] == ["start", "stop"]
    and phases[1][1] == ["collected", "generation", "uncollectable"]
    or "collected" in phases[1][1]
)
inner = [1]
outer = [inner]
assert any(r is outer for r in gc.get_referrers(inner))
assert any(r is inner for r in gc.get_referents(outer))
assert gc.is_tracked(outer)
assert not gc.is_tracked(5)
assert not gc.is_tracked("a")
assert gc.is_finalized(5) is False
assert gc.garbage == []
stats = gc.get_stats()
assert isinstance(stats, list)
assert {"collections", "collected", "uncollectable"} <= set(stats[0])
before = len(gc.get_objects())
for _ in range(100):
    cycles()
gc.collect()
assert len(gc.get_objects()) < before + 200, "nothing leaks"
gc.freeze()
assert gc.get_freeze_count() > 0
gc.unfreeze()
n = Node()
n.me = n
r = weakref.ref(n)
del n
gc.collect()
assert r() is None
import sys

x = []
assert sys.getrefcount(x) >= 1
assert sys.getsizeof([]) > 0
assert sys.getsizeof("a") < sys.getsizeof("a" * 100)
assert sys.getsizeof([0] * 1000) > 7000
assert sys.getsizeof(2**1000) > sys.getsizeof(1)
