# throw() into a generator that delegates: the delegate may catch it, return, or be closed.


def inner():
    try:
        yield 1
    except ValueError:
        pass
    return "caught"


def outer():
    result = yield from inner()

    def closure():
        return result

    yield closure()


running = outer()
print(next(running), running.throw(ValueError))


class Delegate:
    def __iter__(self):
        return self

    def __next__(self):
        return "next"

    def throw(self, exception):
        try:
            next(watched)
        except ValueError as error:
            return f"throw: {error}"

    def close(self):
        print("close")


def delegating():
    yield from Delegate()


watched = delegating()
print(next(watched), "|", watched.throw(KeyError))
watched.close()


def handling():
    try:
        raise KeyError("handled")
    except KeyError:
        yield


suspended = handling()
next(suspended)
try:
    suspended.throw(ValueError)
except ValueError as error:
    print("context:", repr(error.__context__))


async def coroutine():
    return "done"


async def reader(awaited):
    return await awaited


once = coroutine()
try:
    reader(once).send(None)
except StopIteration as stop:
    print(stop.value)
try:
    reader(once).send(None)
except RuntimeError as error:
    print(error)
