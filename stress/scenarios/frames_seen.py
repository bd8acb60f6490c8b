"""Frames of running threads looked at by others: readable, plausible, never freed too early."""

import sys
import traceback

import _scenario


def recurse(depth, mark):
    local = [depth, mark]
    if depth:
        return recurse(depth - 1, mark) + 1
    return len(local) - 2


def generate(mark):
    for number in range(10):
        yield (number, mark)


def scenario(round):

    def work(index, numbers):
        for _ in range(100):
            assert recurse(numbers.below(12), index) >= 0
            assert [number for number, _ in generate(index)] == list(range(10))
        return sys._getframe()

    def look(index, numbers):
        seen = 0
        for _ in range(30):
            for identity, frame in sys._current_frames().items():
                while frame is not None:
                    assert type(frame.f_code.co_name) is str
                    line = frame.f_lineno
                    assert line is None or line >= 0
                    if frame.f_code is recurse.__code__:
                        values = dict(frame.f_locals)
                        assert set(values) <= {"depth", "mark", "local"}, values
                        assert 0 <= values.get("depth", 0) <= 12
                    frame = frame.f_back
                    seen += 1
            if numbers.below(5) == 0:
                stack = traceback.extract_stack()
                assert stack[-1].name == "look"
        assert seen
        return None

    frames = round.together(work, look)[::2]
    for frame in frames:
        assert frame.f_locals["index"] % 2 == 0 and frame.f_code.co_name == "work"
        frame.clear()


_scenario.run(scenario)
