"""Digits of pi by a spigot: ints that grow to thousands of bits."""

from _bench import Benchmark, fingerprint


def digits(count):
    """The first decimal digits of pi, after Gibbons' streaming algorithm."""
    answer = []
    q, r, t, k, n, l = 1, 0, 1, 1, 3, 3
    while len(answer) < count:
        if 4 * q + r - t < n * t:
            answer.append(str(n))
            q, r, n = 10 * q, 10 * (r - n * t), 10 * (3 * q + r) // t - 10 * n
        else:
            q, r, t, k, n, l = (
                q * k,
                (2 * q + r) * l,
                t * l,
                k + 1,
                (q * (7 * k + 2) + r * l) // (t * l),
                l + 2,
            )
    return "".join(answer)


def main():
    bench = Benchmark()
    count = bench.scaled(1_000, power=2)
    with bench:
        answers = bench.each(digits, [count] * 24)
    if len(set(answers)) != 1 or not answers[0].startswith("3141592653589793238462643"):
        raise ValueError("that is not pi")
    bench.report(f"pi_digits {count}: {answers[0][-10:]} {fingerprint(answers[:1])}")


if __name__ == "__main__":
    main()
