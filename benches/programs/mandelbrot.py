"""Mandelbrot set, row by row: arithmetic on float locals in a tight loop."""

from _bench import Benchmark, fingerprint

LIMIT = 60


def row(bounds):
    """How many steps each point of one row takes to escape, added up."""
    y, width = bounds
    total = 0
    for column in range(width):
        x = column * 3.0 / width - 2.0
        real = imaginary = 0.0
        steps = 0
        while steps < LIMIT:
            real_square = real * real
            imaginary_square = imaginary * imaginary
            if real_square + imaginary_square > 4.0:
                break
            imaginary = 2.0 * real * imaginary + y
            real = real_square - imaginary_square + x
            steps += 1
        total += steps
    return total


def main():
    bench = Benchmark()
    side = bench.scaled(980, power=2)
    rows = [(line * 2.0 / side - 1.0, side) for line in range(side)]
    with bench:
        totals = bench.each(row, rows)
    bench.report(f"mandelbrot {side}x{side}: {sum(totals)} {fingerprint(totals)}")


if __name__ == "__main__":
    main()
