"""Merge sort in plain Python: recursion, slices, list appends, comparisons of ints."""

from heapq import merge

from _bench import Benchmark, Numbers, fingerprint

RUNS = 24


def merged(left, right):
    answer = []
    append = answer.append
    i = j = 0
    while i < len(left) and j < len(right):
        if right[j] < left[i]:
            append(right[j])
            j += 1
        else:
            append(left[i])
            i += 1
    answer += left[i:]
    answer += right[j:]
    return answer


def merge_sort(items):
    if len(items) < 2:
        return items
    middle = len(items) // 2
    return merged(merge_sort(items[:middle]), merge_sort(items[middle:]))


def main():
    bench = Benchmark()
    size = bench.scaled(800_000)
    numbers = Numbers(3)
    items = [numbers.below(1_000_000) for _ in range(size)]
    runs = [items[i::RUNS] for i in range(RUNS)]
    with bench:
        ordered = bench.each(merge_sort, runs)
    everything = list(merge(*ordered))
    if everything != sorted(items):
        raise ValueError("not sorted")
    bench.report(f"merge_sort {size}: {fingerprint(everything[:: max(1, size // 1000)])}")


if __name__ == "__main__":
    main()
