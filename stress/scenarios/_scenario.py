"""What scenarios share: arguments, rounds, threads that start together, the final count.

A scenario is a function of one round. It makes fresh objects, lets all threads loose
on them for a bounded number of steps, and asserts what must hold afterwards. Rounds
repeat until the time is up. Whatever a scenario does at random comes from its seed, the
number of the round and the number of the thread, so that a seed replays the scenario as
far as its own choices go.

    typhon dictionary.py --seed 7 --threads 4 --seconds 2
"""

import faulthandler
import gc
import os
import signal
import sys
import threading
import time
import traceback

# Objects that may come to life in caches of the library while a scenario runs.
SLACK = 100


class Numbers:
    """Pseudo-random numbers (xorshift) that need no lock and no module."""

    def __init__(self, *seeds):
        state = 0x9E3779B97F4A7C15
        for seed in seeds:
            state = ((state ^ seed) * 0xBF58476D1CE4E5B9 + 1) & 0xFFFFFFFFFFFFFFFF
            state ^= state >> 31
        self.state = state or 1

    def below(self, limit):
        x = self.state
        x ^= (x << 13) & 0xFFFFFFFFFFFFFFFF
        x ^= x >> 7
        x ^= (x << 17) & 0xFFFFFFFFFFFFFFFF
        self.state = x
        return (x >> 11) % limit

    def choice(self, items):
        return items[self.below(len(items))]


class Round:
    """One round: its numbers, and the threads it lets loose."""

    def __init__(self, seed, number, threads):
        self.seed = seed
        self.number = number
        self.threads = threads

    def numbers(self, index=-1):
        return Numbers(self.seed, self.number, index + 1)

    def together(self, *functions, threads=None):
        """Calls function(index, numbers) in each thread, all starting at once.

        With several functions the threads take them in turn. Gives the list of
        results; the first failure of a thread is raised here.
        """
        count = threads or max(self.threads, len(functions))
        results = [None] * count
        failures = []
        barrier = threading.Barrier(count)

        def run(index):
            function = functions[index % len(functions)]
            try:
                barrier.wait()
                results[index] = function(index, self.numbers(index))
            except BaseException as failure:
                failures.append(failure)

        workers = [threading.Thread(target=run, args=(index,)) for index in range(count)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if failures:
            raise failures[0]
        return results


def settle():
    """Collects until nothing more dies: finalizers may have kept things for a while."""
    for _ in range(5):
        if gc.collect() == 0:
            break


def live_objects():
    settle()
    return len(gc.get_objects())


def arguments():
    values = {"--seed": 1, "--threads": 4, "--seconds": 1.0}
    for name, value in zip(sys.argv[1::2], sys.argv[2::2]):
        values[name] = type(values[name])(value)
    return values["--seed"], values["--threads"], values["--seconds"]


def run(scenario):
    """Repeats the scenario until its time is up, and checks that nothing stays behind."""
    seed, threads, seconds = arguments()
    if hasattr(signal, "SIGUSR1") and hasattr(faulthandler, "register"):
        faulthandler.register(signal.SIGUSR1, all_threads=True)
    # With the GIL, threads mix only as finely as they are made to switch.
    sys.setswitchinterval(Numbers(seed).choice([0.005, 0.0005, 0.00001]))
    deadline = time.monotonic() + seconds
    number = 0
    before = None
    while number < 3 or time.monotonic() < deadline:
        try:
            scenario(Round(seed, number, threads))
        except BaseException:
            traceback.print_exc()
            print(f"failed in round {number}", file=sys.stderr, flush=True)
            # Other threads of the round may still be at work: do not wait for them.
            os._exit(1)
        number += 1
        if number == 3:
            # Three rounds have filled every cache.
            before = live_objects()
    after = live_objects()
    left = threading.enumerate()
    assert left == [threading.main_thread()], f"threads are left: {left}"
    assert after <= before + SLACK, f"{after - before} objects more than after three rounds"
    print(f"{number} rounds")
