"""Breadth-first searches over one large graph, a dict of tuples that all threads read."""

from collections import deque

from _bench import Benchmark, Numbers, fingerprint

SEARCHES = 24


def build(size):
    """A ring with chords; the nodes are strings, as keys often are."""
    numbers = Numbers(11)
    names = [f"node-{i}" for i in range(size)]
    graph = {}
    for index, name in enumerate(names):
        chords = {names[numbers.below(size)] for _ in range(3)}
        chords.add(names[(index + 1) % size])
        graph[name] = tuple(sorted(chords))
    return graph


def main():
    bench = Benchmark()
    size = 10_000
    graph = build(size)
    names = sorted(graph)

    def search(start):
        """The number of nodes, the greatest distance and the sum of all distances."""
        distances = {start: 0}
        waiting = deque([start])
        total = far = 0
        while waiting:
            node = waiting.popleft()
            distance = distances[node] + 1
            for neighbour in graph[node]:
                if neighbour not in distances:
                    distances[neighbour] = distance
                    total += distance
                    far = distance
                    waiting.append(neighbour)
        return len(distances), far, total

    starts = [names[i * len(names) // SEARCHES] for i in range(SEARCHES)]
    with bench:
        answers = bench.each(search, starts * bench.scaled(20))
    total = sum(answer[2] for answer in answers)
    bench.report(f"graph_search {size}: {answers[0]} {total} {fingerprint(answers[:SEARCHES])}")


if __name__ == "__main__":
    main()
