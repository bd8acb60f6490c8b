"""What it costs threads to use the same object: one pattern a line, timed alone and together.

    python shared_objects.py [--threads N] [--seconds S] [--rounds R] [--only word]
    typhon --stats benches/shared_objects.py --count yes [--threads N] [--only word]

Each pattern is a statement that uses an object all threads share. One thread runs it
for about S seconds; then N threads run it, each as often as the one did, so that with
perfect scaling the time stays the same. Of R such rounds (5) the best counts: where other
machines share the cores, many short rounds find them free, few long ones do not. `scaling` is the work done per second by N
threads over that of one: N is perfect, 1 is a global lock, below 1 the threads are in
each other's way.

With `--count yes` nothing is timed. Counted is how many atomic read-modify-writes on cache
lines that other threads may write too the N threads make per thousand bytecodes: in their
first few loops, and once what they share has been noticed and given counts for each
thread. What is near zero then scales to any number of cores.
"""

import abc
import copy
import enum
import functools
import logging
import re
import sys
import threading
import time


class Point:
    kind = "point"

    def __init__(self):
        self.x = 1
        self.other = None

    def method(self):
        return self.x

    @property
    def square(self):
        return self.x

    @classmethod
    def make(cls):
        return cls.kind


class Child(Point):
    def method(self):
        return super().method()


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


class Shape(abc.ABC):
    pass


@Shape.register
class Circle:
    pass


class Value:
    """An object whose count every reader has to raise: neither int, None nor string."""


def closure():
    captured = Value()
    return lambda: captured


@functools.lru_cache(maxsize=None)
def cached(key):
    return VALUE


VALUE = Value()
TABLE = {"key": VALUE}
NESTED = {"outer": {"inner": {"key": VALUE}}}
POINT = Point()
POINT.other = VALUE
CHILD = Child()
BOUND = POINT.method
INNER = closure()
PARTIAL = functools.partial(Circle.__eq__, VALUE)
LIST = [VALUE, Value(), Value()]
TUPLE = (VALUE, Value(), Value())
SHORT = (Value(), Value(), Value(), Value())
FROZEN = frozenset({"key", "other", VALUE})
LOCK = threading.Lock()
CIRCLE = Circle()
LOG = logging.getLogger("shared_objects")
SOURCE = {"numbers": [1, 2, 3], "name": ("a", "b")}
PATTERN = re.compile(r"k.y")
WORD = "key word"

PATTERNS = {
    "nothing (the loop alone)": "None",
    "dict.get": "TABLE.get('key')",
    "dict subscript": "TABLE['key']",
    "nested dicts": "NESTED['outer']['inner']['key']",
    "global": "VALUE",
    "instance attribute": "POINT.other",
    "class attribute": "Point.kind",
    "method": "POINT.method()",
    "bound method": "BOUND()",
    "class method": "Point.make()",
    "property": "POINT.square",
    "super() call": "CHILD.method()",
    "closure": "INNER()",
    "partial": "PARTIAL(VALUE)",
    "enum member": "Colour.RED",
    "enum value": "Colour.GREEN.value",
    "list item": "LIST[0]",
    "tuple item": "TUPLE[0]",
    "tuple unpacked": "a, b, c = TUPLE",
    "tuple iterated": "for item in SHORT: pass",
    "list iterated": "for item in LIST: pass",
    "dict iterated": "for key in TABLE: TABLE[key]",
    "frozenset": "'key' in FROZEN",
    "object in frozenset": "VALUE in FROZEN",
    "Lock.locked": "LOCK.locked()",
    "lru_cache hit": "cached(1)",
    "new instance": "Circle()",
    "isinstance": "isinstance(CIRCLE, Circle)",
    "isinstance of an ABC": "isinstance(CIRCLE, Shape)",
    "disabled log.debug": "LOG.debug('nothing')",
    "copy.deepcopy": "copy.deepcopy(SOURCE)",
    "compiled regex": "PATTERN.match(WORD)",
    "string method": "WORD.startswith('key')",
    "f-string": "f'{WORD}'",
    "raise and catch": "try: raise KeyError(VALUE)\n        except KeyError: pass",
}


def looping(statement):
    """A function that runs the statement as often as it is told.

    Compiled anew for each pattern, so that no pattern finds the caches of another.
    """
    source = f"def loop(count):\n    for _ in range(count):\n        {statement}\n"
    names = {}
    exec(source, globals(), names)
    return names["loop"]


def seconds(loop, count, threads):
    """How long `threads` threads take, from when all are ready to when the last is done."""
    ready = threading.Barrier(threads + 1)

    def run():
        ready.wait()
        loop(count)

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    ready.wait()
    start = time.perf_counter()
    for worker in workers:
        worker.join()
    return time.perf_counter() - start


def loops(loop, budget):
    """How often one thread runs through the loop in about `budget` seconds."""
    count = 1000
    while (once := seconds(loop, count, 1)) < budget / 10:
        count *= 4
    return max(1, int(count * budget / once))


def measure(statement, threads, budget, rounds):
    """Best nanoseconds a loop of one thread, and of `threads` at once, out of so many rounds."""
    loop = looping(statement)
    count = loops(loop, budget)
    seconds(loop, count, threads)
    alone, together = [], []
    for _ in range(rounds):
        alone.append(seconds(loop, count, 1))
        together.append(seconds(loop, count, threads))
    return min(alone) / count * 1e9, min(together) / count * 1e9


def bytecodes(loop):
    """How many instructions a loop executes."""
    monitoring, executed = sys.monitoring, 0

    def note(code, offset):
        nonlocal executed
        executed += 1

    def run(count):
        nonlocal executed
        executed = 0
        loop(count)
        return executed

    tool = monitoring.PROFILER_ID
    monitoring.use_tool_id(tool, "shared_objects")
    monitoring.register_callback(tool, monitoring.events.INSTRUCTION, note)
    monitoring.set_events(tool, monitoring.events.INSTRUCTION)
    try:
        run(10)
        short, long = run(10), run(20)
    finally:
        monitoring.set_events(tool, 0)
        monitoring.free_tool_id(tool)
    return (long - short) / 10


def count_writes(statement, threads, budget):
    """Atomic writes per thousand bytecodes, at first and later, and the objects promoted.

    Later is when each thread has run for `budget` seconds: on a busy machine they do not run side by
    side for some of that, and nothing is seen of what they share.
    """
    instructions = bytecodes(looping(statement))
    count = loops(looping(statement), budget)
    loop = looping(statement)

    def writes(count):
        before = sys._typhon_statistics()
        seconds(loop, count, threads)
        after = sys._typhon_statistics()
        spent = after["atomic_writes"] - before["atomic_writes"]
        promoted = after["promotions"] - before["promotions"]
        return 1000 * spent / (count * threads * instructions), promoted

    first, promoted = writes(200)
    _, more = writes(count)
    later, still_more = writes(count)
    return first, later, promoted + more + still_more


def count(threads, budget, only):
    print(f"{'pattern':<26} {'first':>10} {'later':>10} {'promoted':>10}")
    worst = 0
    for name, statement in PATTERNS.items():
        if only in name:
            first, later, promoted = count_writes(statement, threads, budget)
            worst = max(worst, later)
            print(f"{name:<26} {first:>10.2f} {later:>10.2f} {promoted:>10}", flush=True)
    print(f"{'worst':<26} {worst:>21.2f}")


def main():
    threads, budget, rounds, only, counting = 2, 0.1, 5, "", False
    for name, value in zip(sys.argv[1::2], sys.argv[2::2]):
        match name:
            case "--threads":
                threads = int(value)
            case "--seconds":
                budget = float(value)
            case "--rounds":
                rounds = int(value)
            case "--only":
                only = value
            case "--count":
                counting = True
            case _:
                sys.exit(__doc__)
    if counting:
        return count(threads, budget, only)
    print(f"{'pattern':<26} {'1 thread':>10} {f'{threads} threads':>10} {'scaling':>8}")
    worst = float(threads)
    for name, statement in PATTERNS.items():
        if only in name:
            alone, together = measure(statement, threads, budget, rounds)
            scaling = threads * alone / together
            worst = min(worst, scaling)
            print(f"{name:<26} {alone:>7.1f} ns {together:>7.1f} ns {scaling:>7.2f}x", flush=True)
    print(f"{'worst':<26} {worst:>31.2f}x")


if __name__ == "__main__":
    main()
