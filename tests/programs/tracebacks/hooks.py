# exit: 1
# sys.excepthook replaces the printing; the status stays.
import sys


def hook(kind, value, trace):
    print("hook:", kind.__name__, value, trace.tb_lineno)


sys.excepthook = hook
raise ValueError("for the hook")
