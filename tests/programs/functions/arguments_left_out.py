"""Calls that leave defaults out, and calls whose arguments are collected."""


def defaults(a, b=2, c="c"):
    return a, b, c


def rest(*items):
    return items


def first_and_rest(first, second=2, *items):
    return first, second, items


def with_keyword_only(*items, flag=False):
    return items, flag


def generator(*arguments):
    yield first_and_rest(*arguments)
    yield first_and_rest("in", "a", "generator")
    yield rest(), rest(1), defaults(1)


class Holder:
    def method(self, a, b=(), *items):
        return type(self).__name__, a, b, items


def report(function, *arguments):
    try:
        print(function.__name__, function(*arguments))
    except TypeError as error:
        print(type(error).__name__, error)


print(defaults(1), defaults(1, 3), defaults(1, 3, 4))
print(rest(), rest(1), rest(1, [2], "3"))
print(first_and_rest(1), first_and_rest(1, 3), first_and_rest(1, 3, 4, 5))
print(with_keyword_only(), with_keyword_only(1, 2), with_keyword_only(1, flag=True))
print(list(generator(1, 2, 3, 4)))
holder = Holder()
print(holder.method(1), holder.method(1, 2), holder.method(1, 2, 3, 4))
bound = holder.method
print(bound(1), bound(1, 2, 3))
report(defaults)
report(defaults, 1, 2, 3, 4)
report(first_and_rest)
report(Holder.method)
report(holder.method)

defaults.__defaults__ = (9,)
report(defaults, 1)
report(defaults, 1, 2)
defaults.__defaults__ = None
report(defaults, 1)
defaults.__defaults__ = (7, 8, 9)
print(defaults())
for value in (1, "text", holder, None, type):
    print(type(value).__name__, type(value) is value.__class__)


def deep(n=0):
    return deep(n + 1)


try:
    deep()
except RecursionError as error:
    print(error)
