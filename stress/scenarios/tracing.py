"""Tracing and profiling switched on and off while others run: results stay right, events pair up."""

import sys
import threading

import _scenario

STEPS = 40


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def scenario(round):
    # One thread that switches off another's tracing may do so between a call and its
    # return, so threads that count and threads that disturb take turns by round.
    round.together(undisturbed if round.number % 2 else disturbed)
    threading.settrace_all_threads(None)
    threading.setprofile_all_threads(None)


def undisturbed(index, numbers):
    """Each thread traces itself: calls and returns balance."""
    for _ in range(STEPS):
        depth = most = 0

        def trace(frame, event, argument):
            nonlocal depth, most
            if frame.f_code is not fib.__code__:
                return None
            if event == "call":
                depth += 1
                most = max(most, depth)
            elif event == "return":
                depth -= 1
            return trace

        if numbers.below(2):
            sys.settrace(trace)
            assert fib(7) == 13
            sys.settrace(None)
            assert depth == 0 and most == 7, (depth, most)
        else:
            assert fib(9) == 34


def disturbed(index, numbers):
    """Threads switch each other's tracing: only the results are certain."""

    def observe(frame, event, argument):
        return observe

    for _ in range(STEPS):
        match numbers.below(6):
            case 0:
                threading.settrace_all_threads(observe)
            case 1:
                threading.settrace_all_threads(None)
            case 2:
                threading.setprofile_all_threads(observe)
            case 3:
                threading.setprofile_all_threads(None)
            case _:
                assert fib(8) == 21
    threading.settrace_all_threads(None)
    threading.setprofile_all_threads(None)


_scenario.run(scenario)
