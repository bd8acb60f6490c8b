"""cProfile: what is counted, for whom, with a clock that is told to tick."""

import cProfile
import io
import itertools
import pstats


def outer(n):
    return sum([inner(i) for i in range(n)]) + len("abc")


def inner(i):
    return i if i < 2 else inner(i - 1)


def values():
    yield from (1, 2)


def show(profile):
    out = io.StringIO()
    stats = pstats.Stats(profile, stream=out).strip_dirs().sort_stats("name")
    stats.print_stats()
    stats.print_callees()
    lines = (line.rstrip() for line in out.getvalue().splitlines())
    print("\n".join(line for line in lines if "Random" not in line))


profile = cProfile.Profile(itertools.count().__next__, 0.5)
print(profile.runcall(outer, 4))
show(profile)

profile = cProfile.Profile(itertools.count().__next__, 0.25)
profile.enable()
list(values())
try:
    [].index(1)
except ValueError:
    pass
profile.disable()
show(profile)

profile = cProfile.Profile(subcalls=False, builtins=False)
profile.enable(subcalls=False, builtins=False)
outer(1)
profile.disable()
print(sorted((entry.code.co_name, entry.callcount, entry.calls) for entry in profile.getstats()))

other = cProfile.Profile()
profile.enable()
try:
    other.enable()
except ValueError as error:
    print(error)
finally:
    profile.disable()
profile.clear()
print(profile.getstats())
