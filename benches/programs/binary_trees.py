"""Binary trees built, walked and dropped: allocation and the death of small objects."""

from _bench import Benchmark


class Node:
    __slots__ = ("left", "right")

    def __init__(self, left, right):
        self.left = left
        self.right = right

    def count(self):
        if self.left is None:
            return 1
        return 1 + self.left.count() + self.right.count()


def tree(depth):
    if depth == 0:
        return Node(None, None)
    return Node(tree(depth - 1), tree(depth - 1))


def main():
    bench = Benchmark()
    deepest = 14
    lasting = tree(deepest)
    jobs = []
    for depth in range(4, deepest + 1, 2):
        jobs += [depth] * (bench.scaled(110) << ((deepest - depth) // 2))
    with bench:
        counts = bench.each(lambda depth: tree(depth).count(), jobs)
    bench.report(f"binary_trees {len(jobs)}: {sum(counts)} {lasting.count()}")


if __name__ == "__main__":
    main()
