# Uncaught exceptions in threads go to threading.excepthook; SystemExit ends a thread silently.
import io
import sys
import threading

caught = []
threading.excepthook = lambda args: caught.append(
    (args.exc_type, str(args.exc_value), args.exc_traceback is not None, args.thread.name)
)


def fail():
    raise ValueError("from thread")


t = threading.Thread(target=fail, name="failing")
t.start()
t.join()
assert caught == [(ValueError, "from thread", True, "failing")]
threading.excepthook = threading.__excepthook__
old, sys.stderr = sys.stderr, io.StringIO()
t = threading.Thread(target=sys.exit, args=(3,))
t.start()
t.join()
assert sys.stderr.getvalue() == ""
t = threading.Thread(target=fail, name="printing")
t.start()
t.join()
text, sys.stderr = sys.stderr.getvalue(), old
lines = text.splitlines()
assert lines[0] == "Exception in thread printing:"
assert lines[1] == "Traceback (most recent call last):"
assert lines[-1] == "ValueError: from thread"
shared = []


def store():
    try:
        fail()
    except ValueError as error:
        shared.append(error)


t = threading.Thread(target=store)
t.start()
t.join()
try:
    raise shared[0]
except ValueError as error:
    names, trace = [], error.__traceback__
    while trace:
        names.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
assert names == ["<module>", "store", "fail"], "an exception crosses threads with its traceback"
from concurrent.futures import ThreadPoolExecutor

with ThreadPoolExecutor(2) as pool:
    future = pool.submit(fail)
    assert isinstance(future.exception(), ValueError)
    try:
        future.result()
    except ValueError as error:
        assert str(error) == "from thread"
