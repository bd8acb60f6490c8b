"""Decimal contexts, dates, fractions, random and hashes shared by threads: results are those of one thread."""

import datetime
import decimal
import fractions
import hashlib
import random
import statistics
import time

import _scenario

STEPS = 60


def scenario(round):
    context = decimal.Context(prec=20)
    one, third = decimal.Decimal(1), decimal.Decimal(1) / 3
    moment = datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.timezone.utc)
    zone = datetime.timezone(datetime.timedelta(hours=5, minutes=30), "Zone")
    digest = hashlib.sha256()
    generator = random.Random(round.seed)
    assert decimal.getcontext().prec == 28

    def work(index, numbers):
        decimal.setcontext(decimal.Context(prec=10 + index))
        hashed = 0
        for step in range(STEPS):
            number = 1 + numbers.below(1000)
            match numbers.below(9):
                case 0:
                    assert len((one / 7).as_tuple().digits) == 10 + index, "another thread's precision"
                case 1:
                    with decimal.localcontext(prec=5) as own:
                        assert str(one / 3) == "0.33333" and own.flags[decimal.Inexact]
                case 2:
                    assert str(context.divide(number, 8)) == str(decimal.Decimal(number) / 8)
                    context.clear_flags()
                    context.sqrt(decimal.Decimal(2))
                case 3:
                    later = moment + datetime.timedelta(days=number, seconds=step)
                    assert (later - moment).days == number and hash(later) == hash(later.replace())
                    assert later.astimezone(zone) == later
                    assert datetime.datetime.fromisoformat(later.isoformat()) == later
                case 4:
                    parsed = datetime.datetime.strptime("2024-02-29 12:30", "%Y-%m-%d %H:%M")
                    assert parsed == moment.replace(tzinfo=None)
                    assert time.strptime("12:30", "%H:%M").tm_min == 30
                    assert moment.strftime("%Y %j") == "2024 060"
                case 5:
                    total = sum(fractions.Fraction(1, n) for n in range(1, 10))
                    assert total == fractions.Fraction(7129, 2520)
                case 6:
                    digest.update(b"block" * 1000)
                    hashed += 1
                    assert len(digest.copy().hexdigest()) == 64
                case 7:
                    assert 0 <= generator.random() < 1 and generator.randrange(number) < number
                    assert len(generator.sample(range(100), 10)) == 10
                    if numbers.below(10) == 0:
                        generator.setstate(generator.getstate())
                case 8:
                    assert statistics.fmean([number, number]) == number
                    assert number**60 % 97 == pow(number, 60, 97)
                    assert int(str(number**40)) == number**40
        assert decimal.getcontext().prec == 10 + index
        return hashed

    hashed = sum(round.together(work))
    assert digest.digest() == hashlib.sha256(b"block" * 1000 * hashed).digest(), "an update was lost"
    assert decimal.getcontext().prec == 28, "the context of another thread"
    assert str(third) == "0." + "3" * 28


_scenario.run(scenario)
