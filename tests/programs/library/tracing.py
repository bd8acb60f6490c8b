# sys.settrace and sys.setprofile: events, order, lines, return values, exceptions, turning off.
import sys

events = []


def trace(frame, event, arg):
    if frame.f_code.co_name in ("traced", "inner", "raising"):
        events.append((frame.f_code.co_name, event, frame.f_lineno - frame.f_code.co_firstlineno))
        return trace


def inner():
    return 5


def traced(flag):
    x = inner()
    if flag:
        x += 1
    for i in range(2):
        x += i
    return x


sys.settrace(trace)
traced(False)
sys.settrace(None)
assert events == [
    ("traced", "call", 0),
    ("traced", "line", 1),
    ("inner", "call", 0),
    ("inner", "line", 1),
    ("inner", "return", 1),
    ("traced", "line", 2),
    ("traced", "line", 4),
    ("traced", "line", 5),
    ("traced", "line", 4),
    ("traced", "line", 5),
    ("traced", "line", 4),
    ("traced", "line", 6),
    ("traced", "return", 6),
], events
events.clear()


def raising():
    try:
        1 / 0
    except ZeroDivisionError:
        pass


sys.settrace(trace)
raising()
sys.settrace(None)
assert [e for _, e, _ in events] == ["call", "line", "line", "exception", "line", "line", "return"], events
traced(True)
assert len(events) == 7, "off is off"
calls = []


def profile(frame, event, arg):
    calls.append((event, frame.f_code.co_name if event in ("call", "return") else arg.__name__))


sys.setprofile(profile)
inner()
len("a")
sys.setprofile(None)
assert calls[:4] == [("call", "inner"), ("return", "inner"), ("c_call", "len"), ("c_return", "len")], calls
assert sys.gettrace() is None and sys.getprofile() is None


def jump():
    out = []
    out.append(1)
    out.append(2)
    out.append(3)
    return out


def jumper(frame, event, arg):
    if frame.f_code is jump.__code__:
        if event == "line" and frame.f_lineno == jump.__code__.co_firstlineno + 3:
            frame.f_lineno += 1
        return jumper


sys.settrace(jumper)
result = jump()
sys.settrace(None)
assert result == [1, 3]
