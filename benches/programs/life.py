"""Conway's game of life on an endless board: sets of tuples, a dict of counts."""

from _bench import Benchmark, Numbers, fingerprint

STEPS = (-1, 0, 1)
NEIGHBOURS = [(dx, dy) for dx in STEPS for dy in STEPS if dx or dy]


def generation(alive):
    counts = {}
    for x, y in alive:
        for dx, dy in NEIGHBOURS:
            cell = (x + dx, y + dy)
            counts[cell] = counts.get(cell, 0) + 1
    return {cell for cell, count in counts.items() if count == 3 or (count == 2 and cell in alive)}


def play(seed):
    numbers = Numbers(seed)
    alive = {(numbers.below(24), numbers.below(24)) for _ in range(160)}
    for _ in range(30):
        alive = generation(alive)
    return len(alive), sum(x * 31 + y for x, y in alive)


def main():
    bench = Benchmark()
    games = bench.scaled(400)
    with bench:
        answers = bench.each(play, range(1, games + 1))
    bench.report(f"life {games}: {answers[0]} {fingerprint(answers)}")


if __name__ == "__main__":
    main()
