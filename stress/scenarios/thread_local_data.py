"""threading.local and context variables under threads that come and go: nobody sees another's."""

import contextvars
import threading
import weakref

import _scenario


class Payload:
    def __init__(self, owner):
        self.owner = owner


def scenario(round):
    variable = contextvars.ContextVar("variable", default=None)
    witnesses = []

    class Local(threading.local):
        def __init__(self, start):
            self.count = start

    local = Local(100)

    def brief(owner):
        assert local.count == 100, "another thread's count"
        local.payload = Payload(owner)
        witnesses.append(weakref.ref(local.payload))
        variable.set(owner)
        for _ in range(20):
            local.count += 1
            assert local.payload.owner == owner and variable.get() == owner
        assert local.count == 120

    def work(index, numbers):
        for step in range(10):
            threads = [
                threading.Thread(target=brief, args=((index, step, number),))
                for number in range(1 + numbers.below(3))
            ]
            for thread in threads:
                thread.start()
            brief_here = Local(5)
            brief_here.count += 1
            for thread in threads:
                thread.join()
            assert brief_here.count == 6

    round.together(work)
    _scenario.settle()
    left = sum(witness() is not None for witness in witnesses)
    assert left == 0, f"{left} values outlived their threads"
    assert local.count == 100 and not hasattr(local, "payload")


_scenario.run(scenario)
