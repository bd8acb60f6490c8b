"""Pancake flips over all permutations: slices with negative steps, list rotation, ints."""

from itertools import permutations

from _bench import Benchmark, fingerprint


def flips_after(start):
    """The most flips and their number over all permutations that begin with `start`."""
    rest = [card for card in range(9) if card not in start]
    most = total = 0
    for tail in permutations(rest):
        deck = [*start, *tail]
        flips = 0
        first = deck[0]
        while first:
            deck[: first + 1] = deck[first::-1]
            flips += 1
            first = deck[0]
        total += flips
        if flips > most:
            most = flips
    return most, total


def main():
    bench = Benchmark()
    starts = [(a, b) for a in range(9) for b in range(9) if a != b]
    count = bench.scaled(400)
    starts = (starts * (count // len(starts) + 1))[:count]
    with bench:
        answers = bench.each(flips_after, starts)
    most = max(answer[0] for answer in answers)
    total = sum(answer[1] for answer in answers)
    bench.report(f"fannkuch {len(starts)}: {most} {total} {fingerprint(answers)}")


if __name__ == "__main__":
    main()
