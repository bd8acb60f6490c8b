# Asynchronous generators: asend, athrow, aclose, finalization, comprehension over them.
import inspect


class Pause:
    def __await__(self):
        yield


def run(awaitable):
    async def wait():
        return await awaitable

    c = wait()
    try:
        while True:
            c.send(None)
    except StopIteration as stop:
        return stop.value


async def numbers(n):
    try:
        for i in range(n):
            await Pause()
            got = yield i
            if got:
                log.append(got)
    except KeyError:
        yield "caught"
    finally:
        await Pause()
        log.append("finally")


log = []


async def collect():
    return [x async for x in numbers(3)]


assert run(collect()) == [0, 1, 2] and log == ["finally"]
log.clear()
g = numbers(3)
assert inspect.isasyncgen(g)
assert run(g.__anext__()) == 0
assert run(g.asend("sent")) == 1
assert log == ["sent"]
assert run(g.athrow(KeyError())) == "caught"
run(g.aclose())
assert log == ["sent", "finally"]
try:
    run(g.__anext__())
except StopAsyncIteration:
    pass
else:
    raise AssertionError


async def two():
    yield 1
    yield 2


async def anext_default():
    g = two()
    return [await anext(g), await anext(g), await anext(g, "end")]


assert run(anext_default()) == [1, 2, "end"]


async def raising():
    yield 1
    raise StopAsyncIteration


async def over():
    async for _ in raising():
        pass


try:
    run(over())
except RuntimeError as error:
    assert str(error) == "async generator raised StopAsyncIteration"


async def both():
    g = (x async for x in two() if x > 1)
    return [y async for y in g], type(g).__name__


assert run(both()) == ([2], "async_generator")
g = two()
assert g.ag_code is two.__code__ and g.ag_frame is not None
first = g.__anext__()
try:
    first.send(None)
except StopIteration as stop:
    assert stop.value == 1
assert repr(g).startswith("<async_generator object two at 0x")
