"""All solutions of the n-queens problem: recursion, small lists and ints as bit sets."""

from _bench import Benchmark, fingerprint


def solutions(everywhere, columns, falling, rising):
    """How many ways the remaining rows can be filled."""
    if columns == everywhere:
        return 1
    found = 0
    free = everywhere & ~(columns | falling | rising)
    while free:
        queen = free & -free
        free ^= queen
        found += solutions(
            everywhere, columns | queen, (falling | queen) << 1, (rising | queen) >> 1
        )
    return found


def opening(board):
    """Solutions after queens in the first two rows."""
    side, first, second = board
    if abs(first - second) < 2:
        return 0
    everywhere = (1 << side) - 1
    one, two = 1 << first, 1 << second
    return solutions(
        everywhere, one | two, (one << 2) | (two << 1), (one >> 2) | (two >> 1)
    )


def main():
    bench = Benchmark()
    side = 10
    repeats = bench.scaled(240)
    openings = [(side, first, second) for first in range(side) for second in range(side)]
    with bench:
        counts = bench.each(opening, openings * repeats)
    counts = counts[: side * side]
    bench.report(f"nqueens {side}: {sum(counts)} solutions {fingerprint(counts)}")


if __name__ == "__main__":
    main()
