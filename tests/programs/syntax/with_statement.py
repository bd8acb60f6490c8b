# with: order of enter and exit, suppression, several managers, special methods looked up on the type.
log = []


class Manager:
    def __init__(self, name, suppress=False):
        self.name = name
        self.suppress = suppress

    def __enter__(self):
        log.append(f"enter {self.name}")
        return self.name

    def __exit__(self, kind, value, trace):
        log.append(f"exit {self.name} {kind.__name__ if kind else None}")
        return self.suppress


def taken():
    answer = log[:]
    log.clear()
    return answer


with Manager("a") as a, Manager("b") as b:
    assert (a, b) == ("a", "b")
assert taken() == ["enter a", "enter b", "exit b None", "exit a None"]

with (
    Manager("outer", suppress=True),
    Manager("inner"),
):
    raise ValueError("lost")
assert taken() == ["enter outer", "enter inner", "exit inner ValueError", "exit outer ValueError"]

try:
    with Manager("x"):
        raise KeyError(1)
except KeyError:
    log.append("outside")
assert taken() == ["enter x", "exit x KeyError", "outside"]


def returns():
    with Manager("r"):
        return "value"


assert returns() == "value" and taken() == ["enter r", "exit r None"]

for _ in range(2):
    with Manager("l"):
        continue
assert taken() == ["enter l", "exit l None"] * 2

with Manager("t") as (first):
    assert first == "t"
with Manager("pq") as (p, q):
    assert p + q == "pq"
taken()


class NoExit:
    def __enter__(self):
        return self


class OnInstance:
    def __init__(self):
        self.__enter__ = lambda: None
        self.__exit__ = lambda *a: None


for broken in NoExit(), OnInstance(), 5:
    try:
        with broken:
            raise AssertionError("entered")
    except TypeError as error:
        assert "context manager protocol" in str(error), error
    else:
        raise AssertionError("not a context manager")


class ExitRaises(Manager):
    def __exit__(self, *details):
        raise RuntimeError("from exit")


try:
    with ExitRaises("e"):
        1 / 0
except RuntimeError as error:
    assert isinstance(error.__context__, ZeroDivisionError)

from contextlib import contextmanager, ExitStack, suppress, nullcontext


@contextmanager
def tag(name):
    log.append(f"<{name}>")
    try:
        yield name.upper()
    except ValueError:
        log.append("value error")
    finally:
        log.append(f"</{name}>")


taken()
with tag("b") as upper:
    assert upper == "B"
    raise ValueError
assert taken() == ["<b>", "value error", "</b>"]
with ExitStack() as stack:
    for name in "xyz":
        stack.enter_context(Manager(name))
    stack.callback(log.append, "callback")
assert taken() == [
    "enter x", "enter y", "enter z", "callback", "exit z None", "exit y None", "exit x None",
]
with suppress(KeyError, IndexError):
    [][1]
with nullcontext(3) as three:
    assert three == 3


@tag("deco")
def work():
    return 7


assert work() == 7
