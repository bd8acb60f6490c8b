"""Strings made equal at once by all threads: interned to one object, hashed alike, never torn."""

import sys

import _scenario

NAMES = 60


def scenario(round):
    mark = f"r{round.seed}_{round.number}_"

    class Holder:
        pass

    holder = Holder()

    def work(index, numbers):
        found = []
        for number in range(NAMES):
            name = "".join([mark, str(number)])
            found.append(sys.intern(name))
            setattr(holder, name, number)
            assert getattr(holder, name) == number
            assert hash(name) == hash(mark + str(number))
            code = compile(f"{name} = {number}\n{name} + 1", "made", "exec")
            space = {}
            exec(code, space)
            assert space[name] == number
            text = mark * 50 + str(number)
            assert text.encode().decode() == text and text[-1] == str(number)[-1]
            big = 10**40 + number
            assert int(str(big)) == big and big % 10**40 == number
        return found

    results = round.together(work)
    for names in zip(*results):
        assert all(name is names[0] for name in names), "one interned string, two objects"


_scenario.run(scenario)
