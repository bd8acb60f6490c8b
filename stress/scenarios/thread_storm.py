"""Threads that start threads that start threads: every one runs once and can be joined."""

import threading

import _scenario


def scenario(round):
    ran = []
    numbers = round.numbers()
    width = 2 + numbers.below(4)

    def storm(path, depth):
        ran.append(path)
        if depth == 0:
            return
        children = [
            threading.Thread(target=storm, args=(path + (number,), depth - 1))
            for number in range(width)
        ]
        for child in children:
            child.start()
        for child in children:
            child.join()
            assert not child.is_alive()

    def begin(index, numbers):
        storm((index,), 2)

    round.together(begin)
    expected = round.threads * (1 + width + width * width)
    assert len(ran) == len(set(ran)) == expected, "a thread ran twice or never"

    # Short lives, one after the other: identities and thread states are used again.
    local = threading.local()
    seen = []

    def brief(number):
        assert not hasattr(local, "value"), "a dead thread's data"
        local.value = [number]
        seen.append(number)

    def start_many(index, numbers):
        for number in range(40):
            thread = threading.Thread(target=brief, args=((index, number),))
            thread.start()
            if numbers.below(2):
                thread.join()
            else:
                abandoned.append(thread)

    abandoned = []
    round.together(start_many)
    for thread in abandoned:
        thread.join()
    assert len(set(seen)) == len(seen) == round.threads * 40


_scenario.run(scenario)
