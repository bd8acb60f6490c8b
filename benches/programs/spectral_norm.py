"""Spectral norm of an infinite matrix cut off: a function call for each of its elements."""

from _bench import Benchmark

ROUNDS = 6


def element(i, j):
    diagonal = i + j
    return 1.0 / (diagonal * (diagonal + 1) // 2 + i + 1)


def row_times(i, vector):
    total = 0.0
    for j, value in enumerate(vector):
        total += element(i, j) * value
    return total


def column_times(j, vector):
    total = 0.0
    for i, value in enumerate(vector):
        total += element(i, j) * value
    return total


def main():
    bench = Benchmark()
    side = bench.scaled(730, power=2)

    def multiply(vector):
        """The matrix times its transpose times the vector."""
        half = bench.each(lambda i: row_times(i, vector), range(side))
        return bench.each(lambda j: column_times(j, half), range(side))

    with bench:
        after = [1.0] * side
        for _ in range(ROUNDS):
            before = multiply(after)
            after = multiply(before)
    above = below = 0.0
    for a, b in zip(after, before):
        above += a * b
        below += b * b
    bench.report(f"spectral_norm {side}: {(above / below) ** 0.5:.9f}")


if __name__ == "__main__":
    main()
