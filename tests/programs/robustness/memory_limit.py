# Under a limit of address space what is too large is a MemoryError, whatever asks for it, and the program
# goes on.
import collections
import io
import os
import resource

resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))
HUGE = 2 << 30
MUCH = 1 << 20


def endless(add):
    while True:
        add()


def fill_dict():
    table = {}
    endless(lambda: table.setdefault(len(table)))


def fill_set():
    keys = set()
    endless(lambda: keys.add(len(keys)))


def double(text):
    while True:
        text = text + text


trials = {
    "bytes": lambda: bytes(HUGE),
    "bytearray": lambda: bytearray(HUGE),
    "str": lambda: "a" * HUGE,
    "list": lambda: [0] * HUGE,
    "tuple": lambda: (0,) * HUGE,
    "shift": lambda: 1 << (HUGE * 8),
    "join": lambda: "".join(["a" * MUCH] * 3000),
    "join bytes": lambda: b"".join([b"a" * MUCH] * 3000),
    "width": lambda: "%2000000000d" % 1,
    "format": lambda: format(1, "2000000000"),
    "ljust": lambda: "a".ljust(HUGE - 1),
    "replace": lambda: ("a" * MUCH).replace("a", "b" * 5000),
    "lists": lambda: [[0] * MUCH for _ in range(1000)],
    "dict": fill_dict,
    "set": fill_set,
    "list.append": lambda: endless(lambda items=[]: items.append(None)),
    "bytearray +": lambda: double(bytearray(b"abc")),
    "str +": lambda: double("abc"),
    "StringIO": lambda: endless(lambda file=io.StringIO(): file.write("abc" * MUCH)),
    "BytesIO": lambda: endless(lambda file=io.BytesIO(): file.write(b"abc" * MUCH)),
    "deque": lambda: endless(lambda items=collections.deque(): items.append(1)),
    "read": lambda: open("/dev/zero", "rb").read(),
    "range": lambda: list(range(1 << 40)),
    "urandom": lambda: os.urandom(HUGE),
}
for name, trial in trials.items():
    try:
        trial()
    except MemoryError:
        pass
    else:
        raise AssertionError(name)
    assert len([name] * 1000) == 1000
