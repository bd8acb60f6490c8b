"""k-means clustering of points in the plane: tuples, float comparisons, per-round threads."""

from _bench import Benchmark, Numbers, fingerprint

CLUSTERS = 12
ROUNDS = 10
BLOCKS = 48


def assign(block, centres):
    """Per centre: how many of the block's points are nearest to it, and their sums."""
    counts = [0] * len(centres)
    across = [0.0] * len(centres)
    up = [0.0] * len(centres)
    for x, y in block:
        nearest = 0
        best = 1e300
        for index, (cx, cy) in enumerate(centres):
            dx = x - cx
            dy = y - cy
            distance = dx * dx + dy * dy
            if distance < best:
                best = distance
                nearest = index
        counts[nearest] += 1
        across[nearest] += x
        up[nearest] += y
    return counts, across, up


def main():
    bench = Benchmark()
    size = bench.scaled(140_000)
    numbers = Numbers(7)
    points = []
    for index in range(size):
        middle = index % CLUSTERS
        spread = numbers.fraction() + numbers.fraction() - 1.0
        points.append((middle * 0.7 + spread, (middle % 4) * 0.9 + numbers.fraction()))
    # The blocks do not depend on the number of threads, so that sums round alike.
    blocks = [points[i::BLOCKS] for i in range(BLOCKS)]
    centres = points[:CLUSTERS]
    with bench:
        for _ in range(ROUNDS):
            now = centres
            answers = bench.each(lambda block: assign(block, now), blocks)
            moved = []
            for index in range(CLUSTERS):
                count = sum(answer[0][index] for answer in answers)
                x = y = 0.0
                for _, across, up in answers:
                    x += across[index]
                    y += up[index]
                moved.append((x / count, y / count) if count else now[index])
            centres = moved
    bench.report(f"kmeans {size}: {centres[0]} {fingerprint(centres)}")


if __name__ == "__main__":
    main()
