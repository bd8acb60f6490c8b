"""Generators that feed generators: yield, yield from, send, generator expressions."""

from _bench import Benchmark, fingerprint


def numbers(start, count):
    value = start
    for _ in range(count):
        value = (value * 1103515245 + 12345) & 0x7FFFFFFF
        yield value >> 8


def windows(source, size):
    window = []
    for item in source:
        window.append(item)
        if len(window) == size:
            yield tuple(window)
            del window[0]


def walk(low, high):
    """The numbers of a range in the order of a balanced tree."""
    if low < high:
        middle = (low + high) // 2
        yield from walk(low, middle)
        yield middle
        yield from walk(middle + 1, high)


def average():
    total = count = 0
    answer = None
    while True:
        value = yield answer
        total += value
        count += 1
        answer = total // count


def round_trip(seed):
    stream = (number % 1000 for number in numbers(seed, 3000))
    odd = (number for number in stream if number % 2)
    peaks = sum(1 for a, b, c in windows(odd, 3) if a < b > c)
    mean = average()
    next(mean)
    for value in walk(0, 400):
        last = mean.send(value)
    return peaks, last


def main():
    bench = Benchmark()
    trips = bench.scaled(1800)
    with bench:
        answers = bench.each(round_trip, range(1, trips + 1))
    bench.report(f"generators {trips}: {answers[0]} {fingerprint(answers)}")


if __name__ == "__main__":
    main()
