# Copies of what already takes half of the memory there is are made or are a MemoryError; the original stays
# as it was.
import array
import itertools
import operator
import resource

resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))
COUNT = 40 << 20
items = [None] * COUNT


def attempt(work):
    try:
        work()
    except MemoryError:
        pass


for work in (
    tuple,
    list,
    sorted,
    reversed,
    set,
    lambda items: items + items,
    lambda items: items * 2,
    lambda items: items[1:],
    lambda items: items[::2],
    lambda items: [*items, *items],
    lambda items: (lambda *arguments: arguments)(*items),
    lambda items: items.extend(items),
    lambda items: operator.imul(items, 3),
    lambda items: items.sort(key=id),
    lambda items: items.sort(),
    lambda items: next(zip(*[iter(items)] * 3)),
):
    try:
        attempt(lambda: work(items))
    except TypeError:
        pass
    assert len(items) == COUNT and items[0] is None and items[-1] is None, work
del items
attempt(lambda: list(itertools.product(range(1000), repeat=3)))
text = "a\n" * COUNT
for work in (str.split, str.rsplit, str.splitlines, lambda text: text.split("a"), lambda text: text.encode("utf-32")):
    attempt(lambda: work(text))
data = text.encode()
del text
for work in (bytes.split, bytes.rsplit, bytes.splitlines, lambda data: data.split(b"a")):
    attempt(lambda: work(data))
del data
letters = "\N{LATIN SMALL LETTER SHARP S}" * (2 * COUNT)
for work in (str.upper, str.casefold, str.encode, lambda text: text.encode("utf-16")):
    attempt(lambda: work(letters))
del letters
numbers = array.array("d", [1.5]) * (COUNT // 2)
for work in (list, bytes, lambda numbers: numbers + numbers, lambda numbers: numbers * 2, array.array.tolist):
    attempt(lambda: work(numbers))
assert len(numbers) == COUNT // 2
