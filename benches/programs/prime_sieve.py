"""Segmented sieve of Eratosthenes: bytearray stores in loops, while-loops over ints."""

from _bench import Benchmark

SEGMENT = 1 << 15


def small_primes(limit):
    flags = bytearray([1]) * (limit + 1)
    flags[0:2] = b"\0\0"
    for candidate in range(2, int(limit**0.5) + 1):
        if flags[candidate]:
            flags[candidate * candidate :: candidate] = bytes(
                len(range(candidate * candidate, limit + 1, candidate))
            )
    return [number for number in range(limit + 1) if flags[number]]


def main():
    bench = Benchmark()
    limit = bench.scaled(20_000_000)
    segments = list(range(0, limit, SEGMENT))
    primes = small_primes(int(limit**0.5) + 1)

    def segment_primes(low):
        """Number and sum of the primes from low up to the segment's end."""
        high = min(low + SEGMENT, limit)
        flags = bytearray([1]) * (high - low)
        for prime in primes:
            start = prime * prime
            if start >= high:
                break
            if start < low:
                start = (low + prime - 1) // prime * prime
            index = start - low
            size = high - low
            while index < size:
                flags[index] = 0
                index += prime
        if low == 0:
            flags[0:2] = b"\0\0"
        count = total = 0
        for index, flag in enumerate(flags):
            if flag:
                count += 1
                total += low + index
        return count, total

    with bench:
        answers = bench.each(segment_primes, segments)
    count = sum(answer[0] for answer in answers)
    total = sum(answer[1] for answer in answers)
    bench.report(f"prime_sieve {limit}: {count} primes, sum {total}")


if __name__ == "__main__":
    main()
