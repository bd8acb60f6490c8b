# Generators: send, throw, close, return values, state, exhausted iteration, yield as an expression.
import inspect


def echo(limit):
    received = []
    for i in range(limit):
        received.append((yield i))
    return received


g = echo(3)
assert next(g) == 0
assert g.send("a") == 1
assert g.send("b") == 2
try:
    g.send("c")
except StopIteration as stop:
    assert stop.value == ["a", "b", "c"]
assert list(g) == [] and next(g, "default") == "default"
g = echo(1)
try:
    g.send(1)
except TypeError as error:
    assert str(error) == "can't send non-None value to a just-started generator"


def guarded():
    log = []
    while True:
        try:
            yield log
        except ValueError as error:
            log.append(str(error))
        except GeneratorExit:
            log.append("exit")
            raise


g = guarded()
log = next(g)
assert g.throw(ValueError("one")) is log and g.throw(ValueError("two")) is log
g.close()
assert log == ["one", "two", "exit"]
assert inspect.getgeneratorstate(g) == "GEN_CLOSED"


def stubborn():
    while True:
        try:
            yield
        except GeneratorExit:
            pass


g = stubborn()
next(g)
try:
    g.close()
except RuntimeError as error:
    assert str(error) == "generator ignored GeneratorExit"


def close_value():
    try:
        yield
    except GeneratorExit:
        return "closed with"


g = close_value()
next(g)
assert g.close() == "closed with" and g.close() is None


def stops():
    raise StopIteration("inside")
    yield


try:
    next(stops())
except RuntimeError as error:
    assert str(error) == "generator raised StopIteration"
    assert isinstance(error.__cause__, StopIteration)


def itself():
    next(me)
    yield


me = itself()
try:
    next(me)
except ValueError as error:
    assert str(error) == "generator already executing"

g = echo(2)
assert inspect.getgeneratorstate(g) == "GEN_CREATED"
assert g.gi_frame.f_lineno == 5
assert g.gi_code is echo.__code__
next(g)
assert inspect.getgeneratorstate(g) == "GEN_SUSPENDED"
assert g.gi_frame.f_locals["i"] == 0
assert not g.gi_running
g.close()
assert g.gi_frame is None
assert repr(echo(1)).startswith("<generator object echo at 0x")
assert echo(1).__name__ == "echo"


def raises():
    yield 1
    raise KeyError("k")


g = raises()
next(g)
try:
    next(g)
except KeyError:
    pass
assert list(g) == []


def handled_in_generator():
    try:
        raise ValueError
    except ValueError:
        yield 1
        import sys

        yield type(sys.exception())


g = handled_in_generator()
next(g)
import sys

assert sys.exception() is None
assert next(g) is ValueError and sys.exception() is None
g = echo(5)
try:
    g.throw(KeyError("never started"))
except KeyError:
    pass
assert list(g) == []
expression = (yield_ for yield_ in [1])
assert type(expression) is type(echo(1)) and expression.__name__ == "<genexpr>"
assert (lambda: (yield 5))().__next__() == 5
assert sum(echo(100)) == 4950
assert max(echo(5)) == 4
assert sorted(echo(3), reverse=True) == [2, 1, 0]
a, *b = echo(4)
assert (a, b) == (0, [1, 2, 3])


def deep(n):
    if n:
        yield from deep(n - 1)
    yield n


assert list(deep(50)) == list(range(51))


def locals_kept(x):
    y = [x]
    while True:
        y.append((yield y))


g = locals_kept(1)
assert next(g) == [1]
assert g.send(2) == [1, 2]
assert g.send(3) == [1, 2, 3]


def pairs(table):
    # Unpacking at the greatest depth of the operand stack stays inside the generator's memory.
    for key, item in table.items():
        value = item
        if value:
            yield key, value


import gc

assert [list(pairs({"a": [], "b": n})) for n in (0, 1)] == [[], [("b", 1)]]
gc.collect()


def returning():
    yield 1
    return [2]


assert list(returning()) == [1] and sum(returning()) == 1
