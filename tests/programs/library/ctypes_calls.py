# ctypes: calls of functions of C: numbers, strings, out parameters, structures by value, variable arguments.
import ctypes
import errno
import os
import threading
from ctypes import *

failures = []
threading.excepthook = lambda failure: failures.append(failure.exc_value)

libc = CDLL(None, use_errno=True)
libm = CDLL("libm.so.6")

# Integers, of every size and sign.
assert libc.abs(-5) == 5
labs = libc.labs
labs.restype, labs.argtypes = c_long, [c_long]
assert labs(-(2**40)) == 2**40
assert libc.toupper(ord("a")) == ord("A")
strlen = libc.strlen
strlen.restype, strlen.argtypes = c_size_t, [c_char_p]
assert strlen(b"hello") == 5
assert strlen(create_string_buffer(b"abc")) == 3
strtoull = libc.strtoull
strtoull.restype, strtoull.argtypes = c_ulonglong, [c_char_p, c_void_p, c_int]
assert strtoull(b"18446744073709551615", None, 10) == 2**64 - 1
strtol = libc.strtol
strtol.restype, strtol.argtypes = c_long, [c_char_p, POINTER(c_char_p), c_int]
rest = c_char_p()
assert strtol(b"42 and more", byref(rest), 10) == 42 and rest.value == b" and more"

# Floats: in vector registers, on the x87 stack, in pairs.
for name, kind in [("sqrt", c_double), ("sqrtf", c_float), ("sqrtl", c_longdouble)]:
    function = getattr(libm, name)
    function.restype, function.argtypes = kind, [kind]
    assert function(2.25) == 1.5, name
libm.pow.restype, libm.pow.argtypes = c_double, [c_double] * 2
assert libm.pow(2, 10) == 1024.0
libm.ldexp.restype, libm.ldexp.argtypes = c_double, [c_double, c_int]
assert libm.ldexp(1.5, 4) == 24.0
libm.modf.restype, libm.modf.argtypes = c_double, [c_double, POINTER(c_double)]
whole = c_double()
assert libm.modf(3.25, byref(whole)) == 0.25 and whole.value == 3.0
for suffix, pair, part in [("", c_double_complex, c_double), ("f", c_float_complex, c_float),
                           ("l", c_longdouble_complex, c_longdouble)]:
    function = getattr(libm, "cabs" + suffix)
    function.restype, function.argtypes = part, [pair]
    assert function(3 - 4j) == 5.0, suffix
    function = getattr(libm, "conj" + suffix)
    function.restype, function.argtypes = pair, [pair]
    assert function(3 - 4j) == 3 + 4j, suffix


# Structures by value.
class Quotient(Structure):
    _fields_ = [("quotient", c_int), ("remainder", c_int)]


class LongQuotient(Structure):
    _fields_ = [("quotient", c_long), ("remainder", c_long)]


libc.div.restype = Quotient
answer = libc.div(17, 5)
assert (answer.quotient, answer.remainder) == (3, 2)
libc.ldiv.restype, libc.ldiv.argtypes = LongQuotient, [c_long, c_long]
answer = libc.ldiv(-(2**40) - 1, 2**20)
assert (answer.quotient, answer.remainder) == (-(2**20), -1)


class Address(Structure):
    _fields_ = [("bytes", c_ubyte * 4)]


libc.inet_ntoa.restype, libc.inet_ntoa.argtypes = c_char_p, [Address]
assert libc.inet_ntoa(Address((127, 0, 0, 1))) == b"127.0.0.1"

# Variable arguments, more than there are registers.
buffer = create_string_buffer(200)
count = libc.snprintf(buffer, c_size_t(200), b"%d %s %.2f %c %ld", 3, b"text", c_double(2.5), 65, c_long(2**40))
assert buffer.value == b"3 text 2.50 A 1099511627776" and count == 27, buffer.value
numbers = [c_double(n + 0.5) for n in range(12)]
libc.snprintf(buffer, c_size_t(200), b" ".join([b"%.1f"] * 12 + [b"%d"] * 8), *numbers, *range(8))
assert buffer.value.split() == [b"%.1f" % n.value for n in numbers] + [b"%d" % n for n in range(8)]

# What results become, and checks of them.
getenv = libc.getenv
getenv.restype = c_char_p
os.environ["CTYPES_PROGRAM"] = "here"
assert getenv(b"CTYPES_PROGRAM") == b"here" and getenv(b"CTYPES_ABSENT") is None
absolute = CDLL(None).abs
absolute.restype = lambda number: number * 10
assert absolute(-4) == 40
absolute.restype = None
assert absolute(-4) is None
absolute.restype = c_int
absolute.errcheck = lambda result, function, arguments: (result, arguments)
assert absolute(-4) == (4, (-4,))


class Own(c_int):
    pass


absolute = CDLL(None).abs
absolute.restype = Own
assert type(absolute(-4)) is Own and absolute(-4).value == 4

# errno: the program's copy is its own, each thread's too.
set_errno(0)
assert libc.close(-1) == -1
assert get_errno() == errno.EBADF
assert set_errno(7) == errno.EBADF and get_errno() == 7
seen = []
thread = threading.Thread(target=lambda: seen.append(get_errno()))
thread.start()
thread.join()
assert seen == [0] and get_errno() == 7

# Out parameters.
prototype = CFUNCTYPE(c_double, c_double, POINTER(c_int))
frexp = prototype(("frexp", libm), ((1, "number"), (2, "exponent")))
assert frexp(8.0) == 4 and frexp(number=1.0) == 1
power = CFUNCTYPE(c_double, c_double, c_double)(("pow", libm), ((1, "base"), (1, "exponent", 2.0)))
assert power(3.0) == 9.0 and power(base=2.0, exponent=3.0) == 8.0
for call, arguments in [(power, ()), (power, (1, 2, 3)), (frexp, (1, 2))]:
    try:
        call(*arguments)
    except TypeError as error:
        print(error)

# What is refused.
strlen_ = CDLL(None).strlen
for action in [
    lambda: strlen(1),
    lambda: strlen(),
    lambda: strlen_(1.5),
    lambda: strlen_(2**70),
    lambda: setattr(strlen_, "argtypes", 3),
    lambda: setattr(strlen_, "argtypes", [3]),
    lambda: setattr(strlen_, "restype", 3),
    lambda: setattr(strlen_, "errcheck", 3),
    lambda: CFUNCTYPE(c_int)("text"),
    lambda: CFUNCTYPE(c_int)(1, 2),
    lambda: CFUNCTYPE(c_int)(())(),
    lambda: libc.no_such_function,
    lambda: CDLL("libnosuch.so"),
    lambda: c_int.in_dll(libc, "no_such_variable"),
]:
    try:
        print("nothing raised", action())
    except Exception as error:
        text = str(error).split(": ", 1)[-1] if "undefined symbol" in str(error) else error
        print(type(error).__module__, type(error).__name__, text)

# `_as_parameter_`, memmove, memset, string_at.
class Wrapped:
    _as_parameter_ = b"four"


assert strlen(Wrapped()) == 4 and strlen_(Wrapped()) == 4
source, target = create_string_buffer(b"source"), create_string_buffer(10)
memmove(target, source, 4)
assert target.value == b"sour"
memset(target, ord("x"), 3)
assert target.value == b"xxxr" and string_at(target) == b"xxxr" and string_at(target, 2) == b"xx"
text = create_unicode_buffer("wide \U0001f600")
assert wstring_at(text) == "wide \U0001f600" and wstring_at(text, 3) == "wid"
libc.wcslen.restype = c_size_t
assert libc.wcslen("wide") == 4 and libc.wcslen(text) == 6
environ = POINTER(c_char_p).in_dll(libc, "environ")
assert environ and environ[0]
view = memoryview_at(source, 6)
view[0] = ord("S")
assert source.value == b"Source" and bytes(view) == b"Source"

# Threads call at once; the calls do not keep each other.
def sleep():
    for _ in range(3):
        libc.usleep(1000)
        assert strlen(b"abcd") == 4


threads = [threading.Thread(target=sleep) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not failures, failures
