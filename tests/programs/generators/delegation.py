# yield from: values, sends, throws and closes pass through; any iterable; the result of the inner one.
def inner():
    log = []
    try:
        while True:
            try:
                log.append((yield len(log)))
            except ValueError as error:
                log.append(error.args[0])
            if log[-1] == "stop":
                return log
    finally:
        ended.append(True)


def outer():
    result = yield from inner()
    yield "result", result


ended = []
g = outer()
assert next(g) == 0
assert g.send("a") == 1
assert g.throw(ValueError("thrown")) == 2
assert g.send("stop") == ("result", ["a", "thrown", "stop"]) and ended == [True]
ended.clear()
g = outer()
next(g)
g.close()
assert ended == [True]


def over(iterable):
    return (yield from iterable)


assert list(over([1, 2])) == [1, 2]
assert list(over("ab")) == ["a", "b"]
assert list(over({3: 4})) == [3]
g = over(iter([1, 2]))
next(g)
try:
    g.send("x")
except AttributeError as error:
    assert "has no attribute 'send'" in str(error)
try:
    list(over(5))
except TypeError as error:
    assert str(error) == "'int' object is not iterable"


class Custom:
    def __init__(self):
        self.log = []

    def __iter__(self):
        return self

    def __next__(self):
        self.log.append("next")
        return 1

    def send(self, value):
        self.log.append(("send", value))
        if value == "end":
            raise StopIteration("final")
        return 2

    def throw(self, *error):
        self.log.append("throw")
        return 3

    def close(self):
        self.log.append("close")


custom = Custom()
g = over(custom)
assert next(g) == 1
assert g.send(5) == 2
assert g.throw(KeyError()) == 3
g.close()
assert custom.log == ["next", ("send", 5), "throw", "close"]
g = over(Custom())
next(g)
try:
    g.send("end")
except StopIteration as stop:
    assert stop.value == "final"
g = outer()
next(g)
assert g.gi_yieldfrom is not None and g.gi_yieldfrom.__name__ == "inner"
g.close()


def tree(t):
    if t:
        left, value, right = t
        yield from tree(left)
        yield value
        yield from tree(right)


assert list(tree(((None, 1, None), 2, (None, 3, None)))) == [1, 2, 3]
