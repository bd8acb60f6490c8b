"""Fibonacci numbers by double recursion: nothing but calls, comparisons and small ints."""

from _bench import Benchmark


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def main():
    bench = Benchmark()
    repeats = bench.scaled(336)
    with bench:
        answers = bench.each(fib, [23 + i % 3 for i in range(repeats)])
    bench.report(f"fib {repeats}: {sum(answers)}")


if __name__ == "__main__":
    main()
