"""What is called is replaced while others are about to call it, or are in the middle of it."""

import gc
import weakref

import _scenario

STEPS = 150


def make(step):
    def called(argument):
        return ("called", argument, step)

    return called


def make_class(step):
    class Called:
        def __init__(self, argument):
            self.argument = argument

        def method(self, argument):
            return ("called", argument, step)

    return Called


called = make(0)
Called = make_class(0)


def fail():
    raise LookupError("on the way to a call")


def suspended():
    # The callable is on the stack while others run.
    yield called((yield "waiting"))


def nested(depth):
    return called(nested(depth - 1)) if depth else 0


def scenario(round):
    replaced = []

    def change(index, numbers):
        global called, Called
        for step in range(STEPS):
            match numbers.below(4):
                case 0 | 1:
                    replaced.append(weakref.ref(called))
                    called = make(step)
                case 2:
                    Called = make_class(step)
                case 3:
                    if step % 10 == 0:
                        gc.collect()

    def use(index, numbers):
        for step in range(STEPS):
            match numbers.below(6):
                case 0:
                    assert called(step)[:2] == ("called", step)
                case 1:
                    assert Called(step).method(index)[:2] == ("called", index)
                case 2:
                    generator = suspended()
                    assert next(generator) == "waiting"
                    if step % 3:
                        assert generator.send(step)[:2] == ("called", step)
                case 3:
                    try:
                        called(fail())
                    except LookupError:
                        pass
                case 4:
                    result = nested(12)
                    while result:
                        name, result, _ = result
                        assert name == "called"
                case 5:
                    assert list(map(called, (1, 2)))[1][1] == 2
                    called(argument=step)
                    called(*(step,))

    for _ in range(3):
        round.together(change, use)
    gc.collect()
    assert not [reference for reference in replaced if reference() not in (None, called)]


_scenario.run(scenario)
