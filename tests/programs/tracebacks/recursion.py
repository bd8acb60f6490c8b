# exit: 1
# Repeated frames are folded.
import sys

sys.setrecursionlimit(60)


def ping(n):
    return pong(n + 1)


def pong(n):
    return ping(n + 1)


def down(n):
    if n == 0:
        raise ValueError("bottom")
    down(n - 1)


down(30)
