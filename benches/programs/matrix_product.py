"""Product of two square matrices as lists of lists: indexing, float sums, zip."""

from _bench import Benchmark, Numbers, fingerprint


def matrix(side, seed):
    numbers = Numbers(seed)
    return [[numbers.fraction() - 0.5 for _ in range(side)] for _ in range(side)]


def main():
    bench = Benchmark()
    side = bench.scaled(310, power=3)
    left = matrix(side, 1)
    right = matrix(side, 2)
    columns = [list(column) for column in zip(*right)]

    def product_row(line):
        row = left[line]
        answer = []
        for column in columns:
            total = 0.0
            for a, b in zip(row, column):
                total += a * b
            answer.append(total)
        return answer

    with bench:
        product = bench.each(product_row, range(side))
    trace = 0.0
    for line in range(side):
        trace += product[line][line]
    marks = fingerprint(value for row in product[:: max(1, side // 8)] for value in row)
    bench.report(f"matrix_product {side}: trace {trace!r} {marks}")


if __name__ == "__main__":
    main()
