"""What every program of this folder shares: its arguments, its threads and its report.

A program does the same work whatever `--threads` says; threads only divide it, so its
result line is the same for every count and every interpreter. The result goes to
standard output; the seconds of the timed part and the peak of the process' memory go to
standard error, so that outputs compare byte for byte.
"""

import sys
import threading
import time


class Benchmark:
    """The command line of one program, its stopwatch and its report."""

    def __init__(self):
        self.threads = 1
        self.size = 1.0
        self.corpus = None
        arguments = iter(sys.argv[1:])
        for argument in arguments:
            value = next(arguments, None)
            if value is None:
                sys.exit(f"{argument} wants a value")
            if argument == "--threads":
                self.threads = int(value)
            elif argument == "--size":
                self.size = float(value)
            elif argument == "--corpus":
                self.corpus = value
            else:
                sys.exit(f"usage: {sys.argv[0]} [--threads N] [--size S] [--corpus DIR]")
        if self.threads < 1:
            sys.exit("--threads: at least 1")

    def scaled(self, amount, power=1.0):
        """`amount` under `--size`, where the time grows with the given power of it."""
        return max(1, round(amount * self.size ** (1.0 / power)))

    def __enter__(self):
        self.started = time.perf_counter()
        return self

    def __exit__(self, kind, value, trace):
        self.elapsed = time.perf_counter() - self.started

    def deal(self, function, items):
        """The list of function(hand), the items dealt to the threads like cards."""
        hands = [items[i :: self.threads] for i in range(self.threads)]
        return in_threads(function, hands)

    def each(self, function, items):
        """The list of function(item), the items dealt to the threads like cards."""
        items = list(items)
        played = self.deal(lambda hand: [function(item) for item in hand], items)
        results = [None] * len(items)
        for i, answers in enumerate(played):
            results[i :: self.threads] = answers
        return results

    def report(self, result):
        print(result, flush=True)
        print(f"elapsed: {self.elapsed:.6f}", file=sys.stderr)
        peak = peak_memory()
        if peak is not None:
            print(f"peak: {peak} KiB", file=sys.stderr)


def peak_memory():
    """The most KiB of memory that the process had at a time, where the system tells."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return None


def in_threads(function, parts):
    """The list of function(part), each part in a thread of its own.

    A single part runs where we are: one thread then means a process that never
    started another.
    """
    if len(parts) == 1:
        return [function(parts[0])]
    results = [None] * len(parts)
    failures = []

    def run(index, part):
        try:
            results[index] = function(part)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(parts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results


class Numbers:
    """A linear congruential generator: the same numbers on every interpreter."""

    def __init__(self, seed):
        self.state = seed & 0x7FFFFFFF

    def below(self, limit):
        self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self.state >> 8) % limit

    def fraction(self):
        return self.below(1 << 22) / (1 << 22)


def fingerprint(values):
    """A number that tells two sequences of ints, floats or strings apart."""
    total = 17
    for value in values:
        for byte in repr(value).encode():
            total = (total * 31 + byte) % 2147483647
    return total
