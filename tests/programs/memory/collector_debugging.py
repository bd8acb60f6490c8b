# gc's debugging flags: what is told of collections, and DEBUG_SAVEALL, which keeps garbage. What is
# collected is what is in cycles, not what finalizers break out of them or counting frees.
import gc
import io
import re
import sys
import types
import weakref

gc.collect()
gc.disable()


class Node:
    pass


class Noisy:
    def __del__(self):
        print("finalized")


def told(flags, make):
    """What a collection tells with these flags, with addresses and times left out."""
    stderr, sys.stderr = sys.stderr, io.StringIO()
    try:
        gc.set_debug(flags)
        make()
        print("collected", gc.collect())
    finally:
        gc.set_debug(0)
        text = sys.stderr.getvalue()
        sys.stderr = stderr
    text = re.sub(r"0x[0-9a-f]+", "ADDRESS", text)
    text = re.sub(r"\d+\.\d{4}s elapsed", "TIME elapsed", text)
    text = re.sub(r"generation: \d+ \d+ [1-9]\d*$", "generation: N N N", text, flags=re.M)
    for line in sorted(text.splitlines(), key=lambda line: ("<" in line, "<" in line and line)):
        print(" ", line)


def cycle():
    node = Node()
    node.list = [node, {"key": node}]


def resurrected():
    class Back:
        def __del__(self):
            kept.append(self)

    back = Back()
    back.me = back


kept = []
told(gc.DEBUG_STATS, cycle)
told(gc.DEBUG_STATS | gc.DEBUG_UNCOLLECTABLE, lambda: None)
told(gc.DEBUG_COLLECTABLE, lambda: [].append)
told(gc.DEBUG_COLLECTABLE, lambda: (lambda d: d.update(me=d))({}))
assert gc.garbage == []

# What is kept is told of and finalized, and is not garbage any more.
noisy = Noisy()
noisy.me = noisy
watched = weakref.ref(noisy, lambda reference: print("callback", reference() is None))
del noisy
told(gc.DEBUG_SAVEALL, lambda: None)
print([type(object).__name__ for object in gc.garbage], watched() is None)
assert gc.garbage[0].me is gc.garbage[0]
assert gc.is_finalized(gc.garbage[0]) and gc.is_tracked(gc.garbage[0])
again = weakref.ref(gc.garbage[0])
print("collected", gc.collect(), again() is gc.garbage[0])
gc.garbage.clear()
print("collected", gc.collect(), again())

told(gc.DEBUG_LEAK, cycle)
print(sorted(type(object).__name__ for object in gc.garbage))
gc.garbage.clear()
print("collected", gc.collect())

# What its finalizer saves is not collected, and is not kept.
told(gc.DEBUG_SAVEALL, resurrected)
print(len(kept), "Back" in {type(object).__name__ for object in gc.garbage})
kept.clear()
gc.garbage.clear()
gc.collect()


# Finalizers that break their cycle leave nothing to collect.
class Breaks:
    def __del__(self):
        del self.me


def broken():
    breaks = Breaks()
    breaks.me = breaks


def generator():
    node = Node()
    node.generator = (item for item in [node])


for make in (broken, generator):
    make()
    print(make.__name__, gc.collect())


# A namespace has nothing but attributes, which make cycles.
def namespace():
    space = types.SimpleNamespace()
    space.list = [space]


namespace()
print("namespace", gc.collect() >= 2)

# Statistics are of the generation that was asked for; a collection within one is none.
before = gc.get_stats()
seen = []


def ask(phase, info):
    seen.append((phase, info["generation"], info["collected"], gc.collect()))


gc.callbacks.append(ask)
for generation in (0, 1, 2, 2):
    cycle()
    gc.collect(generation)
gc.callbacks.remove(ask)
after = gc.get_stats()
print(seen)
print([{key: new[key] - old[key] for key in new} for new, old in zip(after, before)])
