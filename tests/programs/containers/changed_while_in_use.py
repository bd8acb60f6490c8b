# Containers that are changed by the very code that an operation on them runs.


class Shrinks:
    def __init__(self, target):
        self.target = target

    def __repr__(self):
        if self.target:
            self.target.pop()
        return "item"

    def __eq__(self, other):
        self.target.clear()
        return NotImplemented

    __hash__ = None


items = []
items.extend(Shrinks(items) for _ in range(6))
print(items)

left, right = [], []
left.append(Shrinks(right))
right.append(Shrinks(left))
print(left == right)

numbers = [3, 1, 2]


def key(number):
    numbers.append(0)
    numbers.pop()
    return number


try:
    numbers.sort(key=key)
except ValueError as error:
    print(error, numbers)


class Same:
    def __hash__(self):
        return 0

    def __eq__(self, other):
        source.clear()
        return False


source = {Same(): 1, 2: 2}
try:
    {Same(): 0}.update(source)
except RuntimeError as error:
    print(error)

data = bytearray(b"abc")


class Needle:
    def __index__(self):
        data.clear()
        return ord("a")


try:
    data.find(Needle())
except BufferError as error:
    print(error)
print(data)

backwards = dict.fromkeys(range(100))
for number in range(1, 100):
    del backwards[number]
iterator = reversed(backwards)
backwards.clear()
backwards["young"] = 1
print(list(iterator))


def f(**keywords):
    return keywords


class Twice(dict):
    def keys(self):
        return ["a", "a"]


for call in (lambda: f(**{1: 2}, **{1: 3}), lambda: f(**Twice(a=1)), lambda: f(**{"a": 1}, **{"a": 2})):
    try:
        call()
    except TypeError as error:
        print(error)
