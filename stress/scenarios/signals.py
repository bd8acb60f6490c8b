"""Signals while threads run: the handler runs in the main thread, and nothing is disturbed."""

import os
import signal
import threading
import time

import _scenario

STEPS = 400


def scenario(round):
    handled = []

    def handler(number, frame):
        handled.append(threading.current_thread() is threading.main_thread())

    signal.signal(signal.SIGUSR2, handler)
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    lock = threading.Lock()
    total = 0

    def work(index, numbers):
        nonlocal total
        for step in range(STEPS):
            match numbers.below(5):
                case 0:
                    os.kill(os.getpid(), signal.SIGUSR2)
                case 1:
                    with lock:
                        total += 1
                case 2:
                    time.sleep(0.0001)
                case _:
                    assert sum(range(20)) == 190
        return True

    try:
        assert all(round.together(work))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        # A signal that has come is handled at the main thread's next step.
        deadline = time.monotonic() + 10
        while not handled and time.monotonic() < deadline:
            time.sleep(0.001)
        # One that was sent may still be on its way to some thread: it must not find the default.
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
    assert handled and all(handled), "a handler ran outside the main thread, or never"


_scenario.run(scenario)
