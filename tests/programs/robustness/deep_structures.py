# What is nested 200,000 deep can be made and dropped; what has to go through it says RecursionError. In the
# main thread and in another one.
import copy
import json
import pickle
import threading

DEPTH = 200_000


def nested(wrap, inner=None):
    for _ in range(DEPTH):
        inner = wrap(inner)
    return inner


class Link:
    def __init__(self, next):
        self.next = next


def generator(inner):
    yield from inner


def check():
    makers = [lambda x: [x], lambda x: (x,), lambda x: {1: x}, lambda x: {1: [x]}]
    for wrap in makers:
        one, other = nested(wrap), nested(wrap)
        copy.copy(one)
        for trial in (repr, str, copy.deepcopy, pickle.dumps, json.dumps, other.__eq__):
            try:
                trial(one)
            except RecursionError:
                pass
            else:
                raise AssertionError((trial, type(one)))
    nested(Link)
    nested(lambda x: lambda: x)
    nested(lambda x: slice(x))
    nested(generator, iter(()))
    nested(lambda x: iter([x]))
    error = None
    for number in range(DEPTH):
        error, cause = ValueError(number), error
        error.__cause__ = cause
    for text in ("[" * DEPTH, "{" * DEPTH, "(" * DEPTH, "[" * DEPTH + "]" * DEPTH):
        try:
            compile(text, "text", "eval")
        except (SyntaxError, MemoryError, RecursionError):
            pass
        else:
            raise AssertionError(text[:3])


check()
failures = []
threading.excepthook = failures.append
thread = threading.Thread(target=check)
thread.start()
thread.join()
assert not failures, failures
