# What cannot be raised is reported: errors in __del__, in weak reference callbacks, in threads; the program goes on.
import sys


class Bad:
    def __del__(self):
        raise ValueError("in del")


reported = []
sys.unraisablehook = lambda args: reported.append((args.exc_type.__name__, str(args.exc_value), args.err_msg, args.object is not None))
bad = Bad()
del bad
import gc

gc.collect()
assert reported[0][:2] == ("ValueError", "in del"), reported
print("goes on")
