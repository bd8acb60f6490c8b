# ctypes: functions of Python that C calls, on its threads and on the program's.
import ctypes
import gc
import sys
import threading
from ctypes import *

failures = []
threading.excepthook = lambda failure: failures.append(failure.exc_value)

libc = CDLL(None)

# qsort.
COMPARE = CFUNCTYPE(c_int, POINTER(c_int), POINTER(c_int))


@COMPARE
def compare(left, right):
    return left[0] - right[0]


numbers = (c_int * 8)(5, 1, 7, -3, 2, 8, 0, 5)
libc.qsort(numbers, len(numbers), sizeof(c_int), compare)
assert list(numbers) == sorted([5, 1, 7, -3, 2, 8, 0, 5])
libc.bsearch.restype = POINTER(c_int)
found = libc.bsearch(byref(c_int(7)), numbers, len(numbers), sizeof(c_int), compare)
assert found[0] == 7

# Every simple type goes in and comes back.
for kind, values in [
    (c_byte, [-128, 127]), (c_ubyte, [0, 255]), (c_short, [-(2**15), 2**15 - 1]), (c_ushort, [2**16 - 1]),
    (c_int, [-(2**31), 2**31 - 1]), (c_uint, [2**32 - 1]), (c_long, [-(2**63), 2**63 - 1]),
    (c_ulong, [2**64 - 1]), (c_bool, [True, False]), (c_char, [b"x"]), (c_wchar, ["\u20ac"]),
    (c_float, [1.5, -0.25]), (c_double, [1e300, -2.5]), (c_longdouble, [1e300, -2.5]),
    (c_double_complex, [1 + 2j]), (c_float_complex, [1.5 - 2j]), (c_longdouble_complex, [1 + 2j]),
    (c_void_p, [None, 12345]), (py_object, [[1, 2], "text"]),
]:
    echo = CFUNCTYPE(kind, kind)(lambda value: value)
    for value in values:
        got = echo(value)
        assert got == value and type(got) is type(value), (kind, value, got)

# Many arguments of both sorts, some of them on the stack.
kinds = [c_int, c_double, c_short, c_float, c_longdouble] * 5
seen = []
many = CFUNCTYPE(c_double, *kinds)(lambda *arguments: seen.append(arguments) or float(sum(arguments)))
assert many(*range(25)) == float(sum(range(25)))
assert seen == [tuple(range(25))], seen


# Structures by value.
class Small(Structure):
    _fields_ = [("a", c_short), ("b", c_byte)]


class Mixed(Structure):
    _fields_ = [("number", c_double), ("count", c_int)]


class Floats(Structure):
    _fields_ = [("x", c_float), ("y", c_float), ("z", c_float)]


class Large(Structure):
    _fields_ = [("items", c_long * 5)]


class Either(Union):
    _fields_ = [("number", c_double), ("bits", c_ulong)]


class Bits(Structure):
    _fields_ = [("low", c_uint, 3), ("high", c_uint, 12)]


got = []
RECEIVER = CFUNCTYPE(None, Small, Mixed, Floats, Large, c_int, Either, Mixed, Mixed, Mixed, Mixed, Floats, Bits)


@RECEIVER
def receive(small, mixed, floats, large, number, either, *rest):
    got.append((small.a, small.b, mixed.number, mixed.count, floats.x, floats.y, floats.z, list(large.items),
                number, either.number, [(m.number, m.count) for m in rest[:4]], rest[4].z, rest[5].high))


receive(Small(-3, 4), Mixed(2.5, 7), Floats(1, 2, 3), Large((1, 2, 3, 4, 5)), 9, Either(0.5),
        Mixed(1, 1), Mixed(2, 2), Mixed(3, 3), Mixed(4, 4), Floats(7, 8, 9), Bits(1, 2000))
print(got)

# Exceptions cannot go through C: they are reported.
reports = []
sys.unraisablehook = lambda report: reports.append(
    (report.exc_type.__name__, str(report.exc_value), report.err_msg.split("<")[0], report.object))


def fail():
    raise ValueError("in a callback")


CFUNCTYPE(c_int)(fail)()
CFUNCTYPE(c_int)(lambda: "text")()
sys.unraisablehook = sys.__unraisablehook__
print(reports)

# A callback calls C, which calls back.
VISIT = CFUNCTYPE(c_int, c_int)


@VISIT
def factorial(n):
    return 1 if n < 2 else n * VISIT(cast(factorial, c_void_p).value)(n - 1)


assert factorial(10) == 3628800

# Functions are given back: there can be more of them over time than at a time.
for round_ in range(3):
    callbacks = [VISIT(lambda n, k=k: n + k) for k in range(2000)]
    assert [callback(1) for callback in callbacks[::100]] == [1 + k for k in range(0, 2000, 100)]
    del callbacks
    gc.collect()

# Threads sort at once.
def sort():
    items = (c_int * 200)(*((n * 7919) % 1009 for n in range(200)))
    libc.qsort(items, 200, sizeof(c_int), compare)
    assert list(items) == sorted(items)


threads = [threading.Thread(target=sort) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()

# A thread that C made.
where = []
START = CFUNCTYPE(c_void_p, c_void_p)


@START
def start(argument):
    where.append((argument, threading.get_ident() != threading.main_thread().ident))
    return 77


libc.pthread_create.argtypes = [POINTER(c_ulong), c_void_p, START, c_void_p]
libc.pthread_join.argtypes = [c_ulong, POINTER(c_void_p)]
for number in (1, 2, 3):
    thread, result = c_ulong(), c_void_p()
    assert libc.pthread_create(byref(thread), None, start, number) == 0
    assert libc.pthread_join(thread, byref(result)) == 0
    assert result.value == 77
assert where == [(1, True), (2, True), (3, True)], where
for wrong in [lambda: CFUNCTYPE(Small)(lambda: 1), lambda: CFUNCTYPE(c_int, 3), lambda: CFUNCTYPE(c_int)(3.5)]:
    try:
        wrong()
    except TypeError as error:
        print(error)
assert not failures, failures
