"""Arguments and targets with stars: what is copied, and what goes wrong."""


def call(*args, **kwargs):
    return args, kwargs


print(call(*(), **{}), call(*[1], **{"a": 2}), call(**{"a": 1}, **{"b": 2}, c=3))


class Mapping:
    def keys(self):
        return ["k"]

    def __getitem__(self, key):
        return key * 2


print(call(**Mapping()), call(**Mapping(), **{"a": 1}))
for bad in (
    lambda: call(**{"a": 1}, **{"a": 2}),
    lambda: call(**{1: 2}),
    lambda: call(**{"x": 1}, **5),
    lambda: call(**5),
    lambda: call(*5),
):
    try:
        bad()
    except TypeError as error:
        print(error)
kept = {"a": 1}
print(call(**kept)[1] is kept, kept)
first, *rest = {"a": 1, "b": 2}
print(first, rest)
*most, last = range(4)
print(most, last)
items = [1, 2, 3]
one, *others = items
others.append(4)
print(items, one, others)
constants = [1, "two", 3.0]
constants.append(4)
print(constants, [1, "two", 3.0])
try:
    a, b, *c = [1]
except ValueError as error:
    print(error)
try:
    a, *b = 5
except TypeError as error:
    print(error)
