# sys.settrace, sys.setprofile, sys.monitoring, setting f_lineno, writing through f_locals.
import sys


def numbers():
    yield 1
    yield 2


def inner(value):
    return [number for number in numbers()]


def traced(value):
    for index in range(2):
        value += index
    try:
        raise ValueError
    except ValueError:
        pass
    return inner(value)


events = []


def trace(frame, event, argument):
    if event == "exception":
        argument = argument[0].__name__
    code = frame.f_code
    events.append((code.co_name, frame.f_lineno - code.co_firstlineno, event, argument))
    return trace


sys.settrace(trace)
traced(1)
sys.settrace(None)
for event in events:
    print(*event)

print("profile")
events.clear()


def profile(frame, event, argument):
    events.append((frame.f_code.co_name, event, getattr(argument, "__name__", argument)))


sys.setprofile(profile)
traced(1)
len([])
[].append(1)
sys.setprofile(None)
for event in events:
    print(*event)

print("monitoring")
events.clear()
monitoring = sys.monitoring
wanted = monitoring.events
monitoring.use_tool_id(2, "test")


def count(code, line):
    events.append((code.co_name, line - code.co_firstlineno))
    return monitoring.DISABLE


def branch(code, start, end):
    events.append("branch")


monitoring.register_callback(2, wanted.LINE, count)
monitoring.register_callback(2, wanted.BRANCH_LEFT, branch)
monitoring.register_callback(2, wanted.RAISE, lambda code, offset, error: events.append(type(error)))
monitoring.set_local_events(2, traced.__code__, wanted.LINE | wanted.BRANCH_LEFT)
monitoring.set_events(2, wanted.RAISE)
traced(1)
traced(1)
monitoring.free_tool_id(2)
traced(1)
for event in events:
    print(event)

print("jump")


def jumping(out):
    out.append(1)
    out.append(2)
    for index in range(3):
        out.append("loop")
    out.append(3)


def jumper(frame, event, argument):
    if event == "line" and frame.f_code is jumping.__code__:
        line = frame.f_lineno - frame.f_code.co_firstlineno
        if line == 2:
            try:
                frame.f_lineno = frame.f_code.co_firstlineno + 4
            except ValueError as error:
                print(error)
            frame.f_lineno = frame.f_code.co_firstlineno + 5
    return jumper


out = []
sys.settrace(jumper)
jumping(out)
sys.settrace(None)
print(out)
try:
    sys._getframe().f_lineno = 1
except ValueError as error:
    print(error)

print("locals")


def written():
    value = 1
    captured = 2
    proxy = sys._getframe().f_locals
    proxy["value"] = 10
    proxy["captured"] = 20
    proxy["other"] = 30
    print(value, (lambda: captured)(), proxy["other"], sorted(locals()))
    try:
        del proxy["value"]
    except ValueError as error:
        print(error)


written()
