"""array: type codes and their ranges, slices, buffers, pickles, comparison."""

import copy
import io
import pickle
from array import array, typecodes
from collections.abc import MutableSequence

print(typecodes, [array(code).itemsize for code in typecodes if code != "u"])
print(isinstance(array("b"), MutableSequence))
numbers = array("i", [3, 1, 2])
print(numbers, numbers[1:], numbers[::-1], numbers + numbers, numbers * 2, len(numbers))
numbers.append(7)
numbers.extend(range(3))
numbers.insert(-100, 9)
numbers.insert(100, 8)
print(numbers, numbers.pop(), numbers.pop(0), numbers.index(7), numbers.count(2), 7 in numbers)
numbers[1:3] = array("i", [5])
numbers[::2] = array("i", [0, 0, 0])
print(numbers)
del numbers[1::2], numbers[0]
print(numbers, numbers.tolist(), numbers.tobytes())
numbers.byteswap()
numbers.reverse()
print(numbers, array("f", [1.1, 1e400]), array("w", "aé\U0001f600"), array("d"))

for code, value in [
    ("b", 200), ("b", 2**70), ("B", -1), ("h", -40000), ("H", 70000), ("H", -1), ("i", 2**31), ("I", 2**32),
    ("I", -1), ("l", 2**63), ("L", 2**64), ("q", 2**63), ("Q", -1), ("Q", 2**64), ("i", 1.5), ("d", "x"),
    ("w", "ab"), ("w", 1), ("x", 1), ("i", "a"),
]:
    try:
        array(code, [value])
    except Exception as error:
        print(code, value, type(error).__name__, error)

view = memoryview(array("H", [1, 2, 3]))
print(view.format, view.tolist(), view.itemsize)
owner = view.obj
for change in [lambda: owner.append(1), lambda: owner.pop(), owner.clear, lambda: owner.fromlist([1])]:
    try:
        change()
    except BufferError as error:
        print(error)
owner[0] = 7
print(view[0])
view.release()
owner.append(4)

for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
    for sample in [owner, array("d", [1.5, -0.0]), array("w", "ab"), array("b", [-1])]:
        back = pickle.loads(pickle.dumps(sample, protocol))
        assert back == sample and back.typecode == sample.typecode
print(copy.copy(owner) == owner, copy.deepcopy(owner) == owner, owner.__reduce_ex__(3)[1])

nan = float("nan")
print(array("d", [nan]) == array("d", [nan]), array("i", [1]) == array("d", [1.0]))
print(array("i", [1, 2]) < array("i", [1, 3]), array("i", [1]) < array("i", [1, 0]), array("i") == [])

file = io.BytesIO()
owner.tofile(file)
file.seek(0)
read = array("H")
read.fromfile(file, 2)
print(read)
try:
    read.fromfile(file, 9)
except EOFError as error:
    print(error, read)


class Named(array):
    def __init__(self, *args):
        self.name = "n"


named = pickle.loads(pickle.dumps(Named("b", b"\xff\x01")))
print(named, named.name, type(named).__name__)
iterator = iter(array("b", b"abc"))
print(next(iterator), pickle.loads(pickle.dumps(iterator)).__reduce__()[1:], list(iterator), list(iterator))
