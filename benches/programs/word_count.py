"""Words counted over the standard library's own sources: str methods and dicts of str to int."""

import _sources
from _bench import Benchmark, fingerprint


def count_words(text):
    counts = {}
    for line in text.splitlines():
        for word in line.split():
            word = word.strip(".,:;()[]{}'\"`#=<>!*+-/\\").lower()
            if word:
                counts[word] = counts.get(word, 0) + 1
    return counts


def main():
    bench = Benchmark()
    sources = _sources.find(bench.corpus, bench.scaled(40_000_000))
    with bench:
        parts = bench.each(lambda source: count_words(source.read()), sources)
        counts = {}
        for part in parts:
            for word, count in part.items():
                counts[word] = counts.get(word, 0) + count
    top = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:100]
    total = sum(counts.values())
    bench.report(f"word_count: {total} words, {len(counts)} different {fingerprint(top)}")


if __name__ == "__main__":
    main()
