# Coroutines without a loop: await, send, throw, close, awaitable objects, wrong uses.
import inspect
import warnings


class Suspend:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        got = yield self.value
        return ("got", got)


async def add(a, b):
    x = await Suspend(a)
    y = await Suspend(b)
    return x, y


c = add(1, 2)
assert inspect.iscoroutine(c)
assert c.send(None) == 1
assert c.send("p") == 2
assert c.cr_frame is not None and not c.cr_running
try:
    c.send("q")
except StopIteration as stop:
    assert stop.value == (("got", "p"), ("got", "q"))
try:
    c.send(None)
except RuntimeError as error:
    assert str(error) == "cannot reuse already awaited coroutine"


async def nested():
    try:
        return await add(1, 2)
    except KeyError:
        return "handled"
    finally:
        log.append("finally")


log = []
c = nested()
c.send(None)
try:
    c.throw(KeyError("k"))
except StopIteration as stop:
    assert stop.value == "handled" and log == ["finally"]
log.clear()
c = nested()
c.send(None)
c.close()
assert log == ["finally"]


def run(coroutine):
    try:
        while True:
            coroutine.send(None)
    except StopIteration as stop:
        return stop.value


async def bad(thing):
    return await thing


for thing, text in [
    (5, "'int' object can't be awaited"),
    (iter([]), "'list_iterator' object can't be awaited"),
]:
    try:
        run(bad(thing))
    except TypeError as error:
        assert str(error) == text, error
    else:
        raise AssertionError


class BadAwait:
    def __await__(self):
        return 5


try:
    run(bad(BadAwait()))
except TypeError as error:
    assert str(error) == "__await__() returned non-iterator of type 'int'"

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    add(1, 2)
    import gc

    gc.collect()
assert [str(w.message) for w in caught] == ["coroutine 'add' was never awaited"]


class Managed:
    async def __aenter__(self):
        log.append("enter")
        await Suspend(0)
        return self

    async def __aexit__(self, kind, value, trace):
        log.append(("exit", kind))
        return kind is ValueError


async def use():
    async with Managed() as m, Managed():
        assert isinstance(m, Managed)
        raise ValueError
    return "suppressed"


log.clear()
assert run(use()) == "suppressed"
assert log == ["enter", "enter", ("exit", ValueError), ("exit", None)]


class Count:
    def __init__(self, n):
        self.n = n

    def __aiter__(self):
        return self

    async def __anext__(self):
        await Suspend(0)
        if not self.n:
            raise StopAsyncIteration
        self.n -= 1
        return self.n


async def loops():
    out = []
    async for x in Count(3):
        if x == 1:
            continue
        out.append(x)
    else:
        out.append("else")
    out.append([y async for y in Count(3) if y])
    out.append({y: await add(y, y) async for y in Count(1)})
    out.append({z async for z in Count(2)})
    out.append([v async for v in (w * 2 async for w in Count(3))])
    return out


assert run(loops()) == [2, 0, "else", [2, 1], {0: (("got", None), ("got", None))}, {0, 1}, [4, 2, 0]]


async def wrong_for():
    async for x in [1]:
        pass


try:
    run(wrong_for())
except TypeError as error:
    assert str(error) == "'async for' requires an object with __aiter__ method, got list"


async def stop_inside():
    raise StopIteration


try:
    run(stop_inside())
except RuntimeError as error:
    assert str(error) == "coroutine raised StopIteration"
import types


@types.coroutine
def old():
    x = yield "suspended"
    return x


async def uses_old():
    return await old()


c = uses_old()
assert c.send(None) == "suspended"
try:
    c.send(7)
except StopIteration as stop:
    assert stop.value == 7
lam = lambda: (yield)
assert inspect.isgeneratorfunction(lam) and inspect.iscoroutinefunction(add)
