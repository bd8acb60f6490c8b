# Decorators: any expression, order of application, on classes, methods and async functions.
log = []


def register(name):
    def decorate(thing):
        log.append((name, thing.__name__))
        return thing

    return decorate


@register("a")
@register("b")
def function():
    pass


assert log == [("b", "function"), ("a", "function")]
table = {"key": [register("from a table")]}


@table["key"][0]
class Decorated:
    @register("method")
    def method(self):
        return 1


assert log[2:] == [("method", "method"), ("from a table", "Decorated")]


@lambda f: f()
def evaluated():
    return 42


assert evaluated == 42


@(yes := lambda f: ("wrapped", f.__name__))
def walrus():
    pass


assert walrus == ("wrapped", "walrus")


class Count:
    def __init__(self, function):
        self.function = function
        self.calls = 0

    def __call__(self, *arguments):
        self.calls += 1
        return self.function(*arguments)


@Count
def add(a, b):
    return a + b


assert add(1, 2) == 3
assert add(3, 4) == 7
assert add.calls == 2
