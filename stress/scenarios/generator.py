"""All threads on one generator: no value twice, none lost, one thread inside at a time."""

import _scenario

LIMIT = 600


def counter(limit, inside):
    for number in range(limit):
        inside.append(number)
        assert len(inside) == 1, "two threads inside one generator"
        inside.pop()
        yield number


def delegating(limit, inside):
    yield from counter(limit, inside)


def scenario(round):
    for make in (
        lambda: counter(LIMIT, []),
        lambda: delegating(LIMIT, []),
        lambda: (number for number in range(LIMIT)),
    ):
        shared = make()

        def take(index, numbers):
            taken = []
            while True:
                try:
                    taken.append(next(shared))
                except StopIteration:
                    return taken
                except ValueError as error:
                    assert str(error) == "generator already executing", error

        taken = sorted(number for numbers in round.together(take) for number in numbers)
        assert taken == list(range(LIMIT)), "a value was lost or came twice"

    def echo():
        received = None
        while True:
            received = yield received

    talking = echo()
    next(talking)

    def talk(index, numbers):
        for step in range(100):
            try:
                match numbers.below(3):
                    case 0 | 1:
                        token = (index, step)
                        assert talking.send(token) is token
                    case 2:
                        talking.throw(KeyError(index))
            except ValueError as error:
                assert str(error) == "generator already executing"
            except (KeyError, StopIteration):
                return
        talking_frame = talking.gi_frame
        assert talking_frame is None or talking_frame.f_code is echo.__code__

    round.together(talk)
    try:
        talking.close()
    except ValueError:
        raise AssertionError("still executing when nobody is inside")


_scenario.run(scenario)
