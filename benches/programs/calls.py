"""Every way to call: defaults, keywords, star arguments, closures, decorators, lambdas, callables."""

from functools import partial

from _bench import Benchmark, fingerprint


def with_defaults(a, b=2, *, c=3, d=4):
    return a + b + c + d


def with_stars(*arguments, **keywords):
    return len(arguments) * 10 + len(keywords)


def counted(function):
    count = 0

    def wrapper(*arguments, **keywords):
        nonlocal count
        count += 1
        return function(*arguments, **keywords) + count % 2

    return wrapper


def adder(amount):
    return lambda value: value + amount


class Scale:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, value):
        return value * self.factor

    def apply(self, value, /, shift=0):
        return value * self.factor + shift

    @staticmethod
    def twice(value):
        return 2 * value

    @classmethod
    def three(cls, value):
        return cls(3)(value)


def exercise(rounds):
    decorated = counted(with_defaults)
    plus_seven = adder(7)
    scale = Scale(5)
    bound = scale.apply
    fixed = partial(with_defaults, 1, d=9)
    pair = (1, 2)
    keywords = {"c": 5, "d": 6}
    total = 0
    for number in range(rounds):
        total += with_defaults(number)
        total += with_defaults(number, 1, d=number)
        total += with_defaults(*pair, **keywords)
        total += with_stars(number, number, x=1, y=2)
        total += decorated(number, c=1)
        total += plus_seven(number)
        total += scale(number)
        total += bound(number, shift=2)
        total += scale.apply(number)
        total += Scale.twice(number) + Scale.three(number)
        total += fixed(number)
        total += max(number, 3) + min((number, 4), key=lambda value: -value)
        total += sum(map(plus_seven, pair))
    return total


def main():
    bench = Benchmark()
    rounds = bench.scaled(28_000)
    with bench:
        answers = bench.each(exercise, [rounds + i for i in range(24)])
    bench.report(f"calls {rounds}: {answers[0]} {fingerprint(answers)}")


if __name__ == "__main__":
    main()
