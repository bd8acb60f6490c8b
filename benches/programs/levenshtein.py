"""Edit distances between words by dynamic programming: strings, lists, min, nested loops."""

from _bench import Benchmark, Numbers, fingerprint


def distance(left, right):
    previous = list(range(len(right) + 1))
    for row, a in enumerate(left, 1):
        current = [row]
        for column, b in enumerate(right):
            if a == b:
                current.append(previous[column])
            else:
                current.append(1 + min(previous[column], previous[column + 1], current[column]))
        previous = current
    return previous[-1]


def words(count):
    numbers = Numbers(5)
    letters = "eeeaaiotnsrhldcu"
    return [
        "".join(letters[numbers.below(16)] for _ in range(8 + numbers.below(24)))
        for _ in range(count)
    ]


def main():
    bench = Benchmark()
    count = bench.scaled(2_400)
    vocabulary = words(count)

    def nearest(word):
        """The distance to the nearest of 24 other words, and the sum of all."""
        at = vocabulary.index(word)
        others = [vocabulary[(at + step * 7 + 1) % count] for step in range(24)]
        distances = [distance(word, other) for other in others]
        return min(distances), sum(distances)

    with bench:
        answers = bench.each(nearest, vocabulary)
    total = sum(answer[1] for answer in answers)
    bench.report(f"levenshtein {count}: {total} {fingerprint(answers)}")


if __name__ == "__main__":
    main()
