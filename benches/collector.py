"""What the collector costs on a large heap.

    python collector.py [--objects N] [--only word]

For each shape of heap: N live containers are made with the collector off, then a full
`gc.collect()` is timed (the best and the longest of three). Then a heap grows to N
containers with the collector on, and the share of the time that collections take is
told, with the longest of them as `gc.callbacks` sees it.
"""

import gc
import sys
import time


def lists(count):
    return [[index, None] for index in range(count)]


def tuples(count):
    """Tuples that refer to tuples: none of them is out of the collector's sight."""
    root = []
    last = ()
    for index in range(count):
        last = ([], ) if index % 16 == 0 else (last, index)
        root.append(last)
    return root


def dicts(count):
    return [{"key": index} for index in range(count)]


class Node:
    __slots__ = ("left", "right")

    def __init__(self, left, right):
        self.left = left
        self.right = right


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y


def instances(count):
    return [Point(index, index) for index in range(count)]


def slotted(count):
    return [Node(index, None) for index in range(count)]


def graph(count):
    """Nodes of lists, each of which refers to a few others, near and far, so that the heap
    is one cycle."""
    nodes = [[] for _ in range(count)]
    state = 12345
    for node in nodes:
        for _ in range(2):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            node.append(nodes[state % count])
    return nodes


def tree(count):
    """A binary tree of instances."""
    made = 1

    def grow(depth):
        if depth == 0:
            return None
        return Point(grow(depth - 1), grow(depth - 1))

    return grow(count.bit_length())


SHAPES = [lists, tuples, dicts, instances, slotted, graph, tree]


def full(make, count):
    gc.disable()
    kept = make(count)
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        gc.collect()
        times.append(time.perf_counter() - begin)
    gc.enable()
    print(f"full     {make.__name__:10} {min(times):8.3f} s best {max(times):8.3f} s longest",
          flush=True)
    del kept


def growing(make, count):
    pauses = []
    begin = 0

    def note(phase, details):
        nonlocal begin
        if phase == "start":
            begin = time.perf_counter()
        else:
            pauses.append(time.perf_counter() - begin)

    gc.collect()
    gc.callbacks.append(note)
    started = time.perf_counter()
    kept = make(count)
    took = time.perf_counter() - started
    gc.callbacks.remove(note)
    share = 100 * sum(pauses) / took
    print(f"growing  {make.__name__:10} {took:8.3f} s {share:5.1f} % in {len(pauses)} collections,"
          f" longest {max(pauses, default=0):8.3f} s", flush=True)
    del kept


def main(arguments):
    count, only = 10_000_000, ""
    while arguments:
        option = arguments.pop(0)
        if option == "--objects":
            count = int(arguments.pop(0))
        elif option == "--only":
            only = arguments.pop(0)
        else:
            sys.exit(__doc__)
    for make in SHAPES:
        if only in make.__name__:
            full(make, count)
            growing(make, count)


main(sys.argv[1:])
