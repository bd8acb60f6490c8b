"""Identifiers counted over the standard library's own sources: re, Counter, keyword sets."""

import re
from collections import Counter

import _sources
from _bench import Benchmark, fingerprint

TOKEN = re.compile(r"#[^\n]*|[A-Za-z_][A-Za-z0-9_]*|\d[\dxX_a-fA-F.]*|\"[^\"\n]*\"|'[^'\n]*'")
KEYWORDS = frozenset(
    "and as assert async await break class continue def del elif else except finally for from "
    "global if import in is lambda nonlocal not or pass raise return try while with yield "
    "None True False".split()
)


def count_identifiers(sources):
    counts = Counter()
    for source in sources:
        for match in TOKEN.finditer(source.read()):
            token = match.group()
            if (token[0].isalpha() or token[0] == "_") and token not in KEYWORDS:
                counts[token] += 1
    return counts


def main():
    bench = Benchmark()
    sources = _sources.find(bench.corpus, bench.scaled(30_000_000))
    with bench:
        counts, *parts = bench.deal(count_identifiers, sources)
        for part in parts:
            counts.update(part)
    top = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:100]
    total = sum(counts.values())
    bench.report(f"identifier_count: {total} uses, {len(counts)} names {fingerprint(top)}")


if __name__ == "__main__":
    main()
