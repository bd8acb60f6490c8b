"""StopIteration raised by a function that an iterator calls ends that iterator, for whatever consumes it."""

import functools
import itertools


def stop(*_):
    raise StopIteration("value")


def delegate(iterator):
    result = yield from iterator
    print("result", result)


def loop(iterator):
    for _ in iterator:
        pass
    return "done"


def unpack(iterator):
    first, = iterator
    return first


CONSUMERS = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "dict": dict,
    "sum": sum,
    "max": max,
    "sorted": sorted,
    "any": any,
    "all": all,
    "bytes": bytes,
    "comprehension": lambda iterator: [item for item in iterator],
    "display": lambda iterator: [*iterator],
    "call": lambda iterator: (lambda *args: args)(*iterator),
    "for": loop,
    "unpack": unpack,
    "yield from": lambda iterator: list(delegate(iterator)),
    "join": lambda iterator: ",".join(map(str, iterator)),
    "in": lambda iterator: 3 in iterator,
    "enumerate": lambda iterator: list(enumerate(iterator)),
    "zip": lambda iterator: list(zip(iterator, [1])),
    "chain": lambda iterator: list(itertools.chain(iterator, [5])),
    "extend": lambda iterator: [].extend(iterator),
    "slice": lambda iterator: [1, 2, 3].__setitem__(slice(0, 2), iterator),
    "reduce": lambda iterator: functools.reduce(max, iterator, 0),
    "default": lambda iterator: next(itertools.islice(iterator, 1, None), "default"),
}

MAKERS = {
    "map": lambda: map(stop, [1]),
    "filter": lambda: filter(stop, [1]),
    "starmap": lambda: itertools.starmap(stop, [(1,)]),
    "takewhile": lambda: itertools.takewhile(stop, [1]),
    "dropwhile": lambda: itertools.dropwhile(stop, [1]),
    "filterfalse": lambda: itertools.filterfalse(stop, [1]),
    "accumulate": lambda: itertools.accumulate([1, 2], stop),
    "groupby": lambda: itertools.groupby([1, 2], stop),
    "iter": lambda: iter(stop, 1),
    "islice": lambda: itertools.islice(map(stop, [1]), 3),
    "compress": lambda: itertools.compress(map(stop, [1]), [1]),
    "pairwise": lambda: itertools.pairwise(map(stop, [1])),
}

for made, make in MAKERS.items():
    for used, consume in CONSUMERS.items():
        try:
            outcome = consume(make())
        except Exception as error:
            outcome = (type(error).__name__, *error.args)
        print(made, used, outcome)

# The iterators are consumed as far as they came.
numbers = iter(range(10))
print(list(map(next, [iter([1]), iter([]), iter([2])])))
print(list(map(lambda x: stop() if x == 3 else x, numbers)), list(numbers))
print([1, 2, *map(next, [iter("a"), iter("")])])


def roundrobin(*iterables):
    iterators = map(iter, iterables)
    for active in range(len(iterables), 0, -1):
        iterators = itertools.cycle(itertools.islice(iterators, active))
        yield from map(next, iterators)


print(list(roundrobin("ABCD", [1, 2], range(0), "xyz")))


class Special(StopIteration):
    pass


def raise_special(_):
    raise Special(1, 2)


# `next` raises what was raised.
for advance in [next, lambda iterator: iterator.__next__()]:
    try:
        advance(map(raise_special, [1]))
    except StopIteration as error:
        print(type(error).__name__, error.args)
print(next(map(raise_special, [1]), "default"))

# Other exceptions go on.
try:
    list(map(lambda x: 1 // x, [1, 0]))
except ZeroDivisionError as error:
    print(error)


# What an iterator returned that was used up by the way is not the result of another.
def returning():
    yield 1
    return "returned"


class Ending:
    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration("ended")


class Sequence:
    def __len__(self):
        return 2

    def __getitem__(self, index):
        list(returning())
        if index > 1:
            raise IndexError
        return index


def use_up(*_):
    list(returning())
    for _ in Ending():
        pass
    return False


for iterator in [
    filter(use_up, [1, 2]),
    map(use_up, [1]),
    map(use_up, returning()),
    zip(returning()),
    zip([1], returning()),
    enumerate(returning()),
    iter(Sequence()),
    reversed(Sequence()),
    iter(use_up, False),
    itertools.chain(returning()),
    itertools.chain(Ending(), Ending()),
    itertools.cycle(Ending()),
    itertools.batched(returning(), 2),
    itertools.zip_longest(returning(), Ending()),
    itertools.islice(returning(), 1),
    itertools.islice(returning(), 3),
    itertools.takewhile(use_up, [1]),
    itertools.takewhile(bool, returning()),
    itertools.groupby(returning(), use_up),
]:
    print(type(iterator).__name__, len(list(delegate(iterator))))
ending = filter(use_up, [1, 2])
try:
    next(ending)
except StopIteration as error:
    print(error.args)
