"""Small operations one by one, in nanoseconds, and beside another interpreter.

    python operations.py [--only word] [--rounds N]
    python operations.py --peer python3.14 [--only word] [--rounds N]

Each line of OPERATIONS is put into a loop that runs for about a millisecond; the time is that of
the fastest of N such loops (15), the loop itself included. With `--peer` the other interpreter runs the
same, both twice in turn, and the lines are sorted by how long they take in relation to it.
"""

import collections
import dataclasses
import enum
import functools
import itertools
import json
import math
import operator
import re
import subprocess
import sys
import threading
import time


class Own:
    """Operators that are Python functions."""

    def __add__(self, other):
        return self

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 5

    def __lt__(self, other):
        return True

    def __getitem__(self, index):
        return index

    def __len__(self):
        return 3

    def __bool__(self):
        return True

    def __contains__(self, item):
        return True

    def __call__(self):
        return 1


class Point:
    c = 3

    def __init__(self, x, y):
        self.x = x
        self.y = y

    def m(self):
        return self.x

    def m2(self, a, b=2):
        return a

    @property
    def size(self):
        return self.x

    @staticmethod
    def s(a):
        return a

    @classmethod
    def k(cls, a):
        return a


class Child(Point):
    def __init__(self, x, y):
        super().__init__(x, y)

    def m(self):
        return super().m()


class Slots:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x = x
        self.y = y


class Empty:
    pass


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


@dataclasses.dataclass
class Data:
    a: int
    b: int = 2


Named = collections.namedtuple("Named", "a b")


def none():
    return 1


def one(a):
    return a


def two(a, b):
    return a


def defaults(a, b=1, c=2):
    return a


def keyword(a, *, k=1):
    return a


def rest(*a):
    return a


def named_rest(**k):
    return k


def both(*a, **k):
    return a


def enclosing():
    free = 1

    def inner():
        return free

    return inner


def count_to(n):
    for i in range(n):
        yield i


def descend(n):
    return n if n < 1 else descend(n - 1)


same = lambda x: x
closure = enclosing()
partly = functools.partial(two, 1)
cached = functools.lru_cache(None)(same)
left, right = Own(), Own()
point, child, slots = Point(1, 2), Child(1, 2), Slots(1, 2)
named = Named(1, 2)
items = list(range(100))
row = tuple(items)
numbers = {i: i for i in items}
by_text = {str(i): i for i in items}
by_pair = {(i, i): i for i in items}
keys = set(items)
pairs = [(i, i + 1) for i in range(20)]
pair, longer = (1, 2), (1, 3)
words = [str(i) * 3 for i in range(20)]
text, other = "hello world foo bar baz", "hello"
number, big, real = 12345, 12345678901234567890, 2.5
queue = collections.deque(range(10))
counts = collections.defaultdict(int)
counter = collections.Counter()
pattern = re.compile(r"(\w+) (\w+)")
array, raw = bytearray(100), bytes(100)
lock = threading.Lock()

OPERATIONS = r"""
left + right
left == right
hash(left)
left < right
left[1]
len(left)
not left
1 in left
left()
Point(1,2)
Child(1,2)
Slots(1,2)
Empty()
Data(1)
object()
point.x
point.c
slots.x
point.x = 5
slots.x = 5
point.m()
point.m2(1)
point.m2(1, b=3)
point.size
point.s(1)
point.k(1)
child.m()
none()
one(1)
two(1,2)
defaults(1)
defaults(1,c=3)
keyword(1,k=2)
rest(1,2)
rest(*items[:3])
named_rest(a=1)
both(1,k=2)
both(*row,**by_text)
closure()
same(1)
partly(2)
cached(1)
[x for x in items]
[x for x in items if x & 1]
{x: x for x in items}
{x for x in items}
(lambda: [x*2 for x in row])()
sum(x for x in items)
sum(items)
max(items)
len(items)
isinstance(point, Point)
isinstance(point, (int, Point))
type(point)
id(point)
hash((1,2))
repr(1)
str(1)
str(1.5)
int('12')
float('1.5')
int(1.5)
hex(255)
ord('a')
chr(97)
bool(items)
list(row)
tuple(items)
tuple(items[:3])
set(items)
dict(numbers)
dict(a=1)
frozenset(items)
sorted(items)
sorted(words)
sorted(items, key=same)
reversed(items)
list(range(20))
list(zip(items,row))
list(map(one, items))
list(map(str, items))
list(filter(None, items))
list(enumerate(items))
any(items)
all(items)
items[5]
items[-1]
items[1:5]
items[5] = 5
row[5]
text[3]
text[1:5]
numbers[5]
numbers[5] = 5
by_text['5']
by_pair[(5,5)]
numbers.get(5)
numbers.get(500)
5 in numbers
5 in keys
50 in items
(5,5) in by_pair
keys.add(5)
keys | keys
keys & keys
items + items
items * 2
items.append(1); items.pop()
items.index(50)
items.copy()
numbers.copy()
numbers.items()
list(numbers.items())
list(numbers.values())
numbers.setdefault(5,1)
numbers.update(numbers)
numbers.pop(5); numbers[5]=5
counts[1] += 1
counter['a'] += 1
queue.append(1); queue.popleft()
text.split()
text.split('o')
' '.join(words)
text.replace('o','x')
text.find('bar')
text.startswith('he')
text.strip()
text.lower()
text.upper()
text.encode()
raw.decode()
text + text
text * 3
text == 'hello'
'foo' in text
f'{1} {text}'
f'{1.5:.2f}'
'%s %d' % (text, 1)
'{} {}'.format(text, 1)
point is child
point is None
1 if point else 2
a, b = 1, 2
a, b = pairs[0]
(a, b), c = (1, 2), 3
a, *b = items
for x in items: pass
for x, y in pairs: pass
for i, x in enumerate(row): pass
for x in range(100): pass
for x in count_to(20): pass
for k in numbers: pass
for k, x in numbers.items(): pass
for x, y in zip(items, row): pass
for x in keys: pass
for c in text: pass
for x in map(one, items): pass
descend(20)
try: pass\nexcept ValueError: pass
try: raise ValueError\nexcept ValueError: pass
try: numbers[1000]\nexcept KeyError: pass
with lock: pass
lock.acquire(); lock.release()
Colour.RED
Colour.RED.value
Colour(1)
named.a
Named(1,2)
named._replace(a=3)
math.sqrt(2.0)
math.floor(2.5)
operator.add(1,2)
functools.reduce(operator.add, items)
list(itertools.chain(items, row))
list(itertools.islice(items, 10))
list(itertools.product(range(5), repeat=2))
list(itertools.combinations(range(6), 2))
pattern.match(text)
pattern.sub('x', text)
re.findall('o', text)
json.dumps(by_text)
json.loads('{"a": [1,2,3], "b": "x"}')
array[5] = 1
raw[5]
int.from_bytes(b'abcd')
(5).to_bytes(4)
getattr(point,'x')
setattr(point,'x',1)
hasattr(point,'zzz')
vars(point)
def made(x=1): return x
class Made: pass
lambda: 0
match 3:\n  case 1: pass\n  case 3: pass
match pairs:\n  case [(a, b), *_]: pass
assert items
x = items; x += []
items == items[:]
by_text == dict(by_text)
"x".isdigit()
text.count("o")
text[::-1]
items[::-1]
items.sort()
[[0]*10 for _ in range(10)]
isinstance(3, int)
issubclass(bool, int)
callable(none)
round(2.567, 2)
divmod(7, 3)
pow(3, 100, 7)
complex(1,2)
slice(1,2)
iter(items)
next(iter(items))
number // 7
number % 7
number << 70
big * big
big + big
big // 7
real + real
real // 1.25
number < real
text < other
pair < longer
hash(text)
from math import sqrt
import math
"""


def timed(operation, rounds):
    """Nanoseconds that the operation takes."""
    body = operation.replace("\\n", "\n").replace("\n", "\n        ")
    source = f"def loop(times):\n    for _ in range(times):\n        {body}\n"
    names = dict(globals())
    exec(source, names)
    loop = names["loop"]

    def once(times):
        started = time.perf_counter()
        loop(times)
        return time.perf_counter() - started

    times = 16
    while once(times) < 0.001:
        times *= 2
    return min(once(times) for _ in range(rounds)) / times * 1e9


def in_turn(peer, arguments):
    """By operation: the time here, and that of the interpreter `peer`."""
    found = {}
    for which, interpreter in [(0, sys.executable), (1, peer)] * 2:
        command = [interpreter, __file__, *arguments]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for line in lines.splitlines():
            took, operation = line.strip().split("  ", 1)
            best = found.setdefault(operation, [math.inf, math.inf])
            best[which] = min(best[which], float(took))
    return found


def main():
    only, rounds, peer = "", 15, None
    arguments = iter(sys.argv[1:])
    for argument in arguments:
        value = next(arguments, None)
        if argument == "--only" and value:
            only = value
        elif argument == "--rounds" and value:
            rounds = int(value)
        elif argument == "--peer" and value:
            peer = value
        else:
            sys.exit(__doc__)
    if peer is None:
        for operation in filter(None, OPERATIONS.splitlines()):
            if only in operation:
                print(f"{timed(operation, rounds):10.2f}  {operation}", flush=True)
        return
    chosen = ["--only", only] if only else []
    found = in_turn(peer, [*chosen, "--rounds", str(rounds)])
    lines = sorted((here / there, here, there, operation) for operation, (here, there) in found.items())
    for ratio, here, there, operation in reversed(lines):
        print(f"{ratio:6.2f} {here:10.1f} {there:10.1f}  {operation}")
    mean = math.exp(sum(math.log(line[0]) for line in lines) / len(lines))
    print(f"{mean:6.2f} is the geometric mean of {len(lines)}")


if __name__ == "__main__":
    main()
