# __del__: when it runs, order, resurrection once, errors in it, del with cycles.
import gc
import sys

log = []


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        log.append(self.name)


a = Noisy("a")
del a
gc.collect()
assert log == ["a"]
log.clear()


def scope():
    local = Noisy("local")
    log.append("end of function")


scope()
gc.collect()
assert log == ["end of function", "local"]
log.clear()
x = Noisy("first")
x = Noisy("second")
gc.collect()
assert log == ["first"]
log.clear()
pair = [Noisy(1), Noisy(2)]
pair.clear()
gc.collect()
assert sorted(log) == [1, 2]
log.clear()
n, m = Noisy("n"), Noisy("m")
n.other, m.other = m, n
del n, m
assert log == []
gc.collect()
assert sorted(log) == ["m", "n"]
kept = []


class Phoenix:
    count = 0

    def __del__(self):
        Phoenix.count += 1
        kept.append(self)


p = Phoenix()
del p
gc.collect()
assert len(kept) == 1 and Phoenix.count == 1
kept.clear()
gc.collect()
assert Phoenix.count == 1, "a finalizer runs once"
p = Phoenix()
p.cycle = p
del p
gc.collect()
assert len(kept) == 1 and kept[0].cycle is kept[0]
kept.clear()
gc.collect()


class Bad:
    def __del__(self):
        raise ValueError("in del")


hooked = []
sys.unraisablehook = lambda args: hooked.append((args.exc_type, str(args.exc_value)))
bad = Bad()
del bad
gc.collect()
assert hooked == [(ValueError, "in del")]


def generator():
    try:
        yield
    finally:
        log.append("generator closed")


log.clear()
g = generator()
next(g)
del g
gc.collect()
assert log == ["generator closed"]
log.clear()
try:
    noisy = Noisy("in traceback")
    raise ValueError
except ValueError as error:
    kept_error = error
del noisy
gc.collect()
log_before = list(log)
del kept_error
gc.collect()
assert log == ["in traceback"]


class Chain:
    def __init__(self, next):
        self.next = next


chain = None
for _ in range(200_000):
    chain = Chain(chain)
del chain  # no recursion
deep = ()
for _ in range(200_000):
    deep = (deep,)
del deep
