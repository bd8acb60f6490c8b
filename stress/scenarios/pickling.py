"""Shared objects pickled, copied and written as JSON while threads change them: whole copies, or errors."""

import copy
import io
import json
import pickle

import _scenario

STEPS = 30


class Node:
    def __init__(self, name, others=()):
        self.name = name
        self.others = list(others)


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self, left, right):
        self.left, self.right = left, right

    def __eq__(self, other):
        return (self.left, self.right) == (other.left, other.right)

    __hash__ = None


class Reduced:
    def __init__(self, number):
        self.number = number

    def __reduce__(self):
        return Reduced, (self.number,)


def scenario(round):
    constant = {
        "tuple": (1, 2.5, "text", b"bytes", None, True),
        "deep": [[[[Slotted(1, [2])]]], {"set": frozenset({1, 2})}],
        "same": [(shared := ("one",)), shared],
        "big": 1 << 200,
    }
    changing = {str(number): Node(number) for number in range(20)}
    pickled = pickle.dumps(constant)

    def work(index, numbers):
        for step in range(STEPS):
            protocol = numbers.below(pickle.HIGHEST_PROTOCOL + 1)
            match numbers.below(8):
                case 0:
                    again = pickle.loads(pickle.dumps(constant, max(protocol, 2)))
                    assert again == constant and again["same"][0] is again["same"][1]
                case 1:
                    assert pickle.loads(pickled) == constant
                case 2:
                    again = copy.deepcopy(constant)
                    assert again == constant and again["deep"] is not constant["deep"]
                case 3:
                    try:
                        again = pickle.loads(pickle.dumps(changing, protocol))
                        for name, node in again.items():
                            assert type(node) is Node and all(
                                type(other) in (Node, Reduced) for other in node.others
                            )
                    except RuntimeError as error:
                        assert "changed" in str(error), error
                case 4:
                    node = changing[str(numbers.below(20))]
                    node.others.append(Reduced(step))
                    setattr(node, f"extra{numbers.below(3)}", step)
                    if len(node.others) > 5:
                        del node.others[:]
                case 5:
                    changing[f"{index}.{numbers.below(5)}"] = Node(step, [Reduced(step)])
                    changing.pop(f"{index}.{numbers.below(5)}", None)
                case 6:
                    try:
                        again = json.loads(json.dumps({name: node.name for name, node in changing.items()}))
                        assert again["7"] == 7
                    except RuntimeError as error:
                        assert "changed" in str(error), error
                case 7:
                    stream = io.BytesIO()
                    writer = pickle.Pickler(stream, protocol)
                    for _ in range(3):
                        writer.dump((index, step))
                        writer.clear_memo()
                    stream.seek(0)
                    reader = pickle.Unpickler(stream)
                    assert [reader.load() for _ in range(3)] == [(index, step)] * 3

    round.together(work)

    # One pickler, one unpickler: what comes out may be mixed up, but is objects or an error.
    stream = io.BytesIO()
    writer = pickle.Pickler(stream)
    reader = pickle.Unpickler(io.BytesIO(pickled * 100))

    def mix(index, numbers):
        for _ in range(STEPS):
            try:
                if numbers.below(2):
                    writer.dump([index, {"a": (1, 2)}])
                    writer.clear_memo()
                else:
                    reader.load()
            except Exception as error:
                assert isinstance(
                    error,
                    (
                        pickle.UnpicklingError,
                        pickle.PicklingError,
                        EOFError,
                        RuntimeError,
                        ValueError,
                        TypeError,
                        AttributeError,
                        LookupError,
                        ImportError,
                        OverflowError,
                        MemoryError,
                    ),
                ), error

    round.together(mix)


_scenario.run(scenario)
