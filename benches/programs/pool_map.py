"""ThreadPoolExecutor.map over many small tasks: futures, conditions, work in between."""

from concurrent.futures import ThreadPoolExecutor

from _bench import Benchmark, fingerprint


def divisors(number):
    """The number of divisors and their sum."""
    count = total = 0
    candidate = 1
    while candidate * candidate <= number:
        if number % candidate == 0:
            other = number // candidate
            count += 1
            total += candidate
            if other != candidate:
                count += 1
                total += other
        candidate += 1
    return count, total


def main():
    bench = Benchmark()
    tasks = bench.scaled(45_000)
    numbers = [4_000_000 + 7919 * task for task in range(tasks // 10)]
    numbers += range(20_000, 20_000 + tasks - tasks // 10)
    with bench:
        with ThreadPoolExecutor(max_workers=bench.threads) as pool:
            answers = list(pool.map(divisors, numbers))
    perfect = sum(count for count, _ in answers)
    bench.report(f"pool_map {tasks}: {perfect} {fingerprint(answers)}")


if __name__ == "__main__":
    main()
