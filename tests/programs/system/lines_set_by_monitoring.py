# Callbacks of sys.monitoring, and trace functions at a yield, set where a frame goes on.
import sys

monitoring = sys.monitoring
TOOL = 3
monitoring.use_tool_id(TOOL, "tool")
event = monitoring.events


def choose(text):
    if text.startswith("t"):
        return 1
    else:
        return 0


def forward(code, start, end):
    frame = sys._getframe(1)
    frame.f_lineno = frame.f_lineno + 1


monitoring.register_callback(TOOL, event.BRANCH_LEFT, forward)
monitoring.set_local_events(TOOL, choose.__code__, event.BRANCH_LEFT)
print(choose("true"), choose("false"))
monitoring.set_local_events(TOOL, choose.__code__, 0)

monitoring.free_tool_id(TOOL)

output = []


def twice():
    output.append("before")
    yield 3


def trace(frame, what, argument):
    if frame.f_code is twice.__code__ and what == "return" and len(output) == 1:
        frame.f_lineno = frame.f_code.co_firstlineno + 1
    return trace


sys.settrace(trace)
next(twice())
sys.settrace(None)
print(output)
