"""JSON documents written and read back, changed in between: the json module, dicts, strings."""

import json

from _bench import Benchmark, Numbers, fingerprint

WORDS = "alpha beta gamma delta épsilon zeta \"eta\" theta\niota kappa \u2603 mu".split(" ")


def document(numbers):
    """An order as a shop might keep it."""
    return {
        "id": numbers.below(1_000_000),
        "customer": {
            "name": " ".join(WORDS[numbers.below(len(WORDS))] for _ in range(3)),
            "tags": [WORDS[numbers.below(len(WORDS))] for _ in range(numbers.below(6))],
            "active": numbers.below(2) == 1,
            "referrer": None,
        },
        "lines": [
            {
                "article": f"A-{numbers.below(10_000):05}",
                "quantity": numbers.below(9) + 1,
                "price": numbers.below(100_000) / 100,
            }
            for _ in range(numbers.below(8) + 1)
        ],
    }


def round_trips(seed):
    numbers = Numbers(seed)
    pieces = []
    for _ in range(200):
        order = document(numbers)
        again = json.loads(json.dumps(order))
        if again != order:
            raise ValueError("a document changed on its way")
        again["total"] = round(
            sum(line["quantity"] * line["price"] for line in again["lines"]), 2
        )
        pieces.append(json.dumps(again, sort_keys=True, separators=(",", ":")))
    text = "[" + ",".join(pieces) + "]"
    pretty = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return len(text), len(pretty), fingerprint([text[:2000]])


def main():
    bench = Benchmark()
    batches = bench.scaled(210)
    with bench:
        answers = bench.each(round_trips, range(1, batches + 1))
    compact = sum(answer[0] for answer in answers)
    pretty = sum(answer[1] for answer in answers)
    marks = fingerprint(answer[2] for answer in answers)
    bench.report(f"json_round_trip {batches}: {compact} {pretty} {marks}")


if __name__ == "__main__":
    main()
