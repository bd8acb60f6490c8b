# What passes an operation on to what it wraps does that 40,000 deep, or says RecursionError (CPython overflows its
# stack in some of this); so does the compiler with what only it nests. In the main thread and in another one.
import functools
import threading
import types

DEPTH = 40_000


def nested(wrap, inner):
    for _ in range(DEPTH):
        inner = wrap(inner)
    return inner


def attempt(work):
    try:
        work()
    except RecursionError:
        pass


def check():
    proxy = nested(types.MappingProxyType, {"a": 1})
    for work in (len, iter, bool, hash, repr, lambda x: x | {}, lambda x: "a" in x, lambda x: x["a"], lambda x: x == {}):
        try:
            attempt(lambda: work(proxy))
        except TypeError:
            assert work is hash
    method = nested(lambda function: types.MethodType(function, 1), len)
    for work in (repr, hash, lambda x: x.__doc__, lambda x: x.__name__, lambda x: x.missing, lambda x: x.__reduce__()):
        try:
            attempt(lambda: work(method))
        except AttributeError:
            pass
    for wrapper in (property, staticmethod, classmethod):
        attempt(lambda: nested(wrapper, None).__isabstractmethod__)
    attempt(lambda: nested(functools.partial, len)([]))


def check_compiler():
    for source in (
        "[x " + "for x in a " * DEPTH + "]",
        "lambda a=" * DEPTH + "0" + ":0" * DEPTH,
        "lambda: " * DEPTH + "0",
    ):
        try:
            compile(source, "source", "eval")
        except (RecursionError, MemoryError, SyntaxError):
            pass
    # Nothing is nested here.
    compile("'" + "lambda " * DEPTH + "'", "source", "eval")
    compile("[" + "lambda a=1: a," * 2000 + "]", "source", "eval")


check()
check_compiler()
failures = []
threading.excepthook = failures.append
for work in (check, check_compiler):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
assert not failures, failures
