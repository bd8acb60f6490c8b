"""Words counted over the standard library's own sources: str methods and dicts of str to int."""

import _sources
from _bench import Benchmark, fingerprint


def count_words(sources):
    counts = {}
    for source in sources:
        for line in source.read().splitlines():
            for word in line.split():
                word = word.strip(".,:;()[]{}'\"`#=<>!*+-/\\").lower()
                if word:
                    counts[word] = counts.get(word, 0) + 1
    return counts


def main():
    bench = Benchmark()
    sources = _sources.find(bench.corpus, bench.scaled(40_000_000))
    with bench:
        counts, *parts = bench.deal(count_words, sources)
        for part in parts:
            for word, count in part.items():
                counts[word] = counts.get(word, 0) + count
    top = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:100]
    total = sum(counts.values())
    bench.report(f"word_count: {total} words, {len(counts)} different {fingerprint(top)}")


if __name__ == "__main__":
    main()
