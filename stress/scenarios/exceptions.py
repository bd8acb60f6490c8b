"""Exceptions that cross threads: one object raised by many, with tracebacks, causes, groups."""

import queue
import sys
import traceback

import _scenario

STEPS = 60


class Failure(Exception):
    def __init__(self, number):
        super().__init__(number)
        self.number = number


def deep(depth, error):
    if depth:
        deep(depth - 1, error)
    else:
        raise error


def scenario(round):
    shared = Failure(-1)
    travelling = queue.SimpleQueue()

    def work(index, numbers):
        for step in range(STEPS):
            match numbers.below(6):
                case 0:
                    try:
                        deep(numbers.below(5), shared)
                    except Failure as error:
                        assert error is shared and error.number == -1
                case 1:
                    try:
                        deep(3, Failure(step))
                    except Failure as error:
                        assert error.number == step
                        travelling.put(error)
                case 2:
                    try:
                        error = travelling.get_nowait()
                    except queue.Empty:
                        continue
                    try:
                        raise KeyError(index) from error
                    except KeyError as outer:
                        assert outer.__cause__ is error
                        lines = traceback.format_exception(outer)
                        assert lines[-1] == f"KeyError: {index}\n"
                case 3:
                    try:
                        try:
                            deep(1, Failure(index))
                        except Failure:
                            raise ValueError(step)
                    except ValueError as error:
                        context = error.__context__
                        assert context.number == index and error.args == (step,)
                case 4:
                    try:
                        raise ExceptionGroup("group", [Failure(1), ValueError(2), shared])
                    except* Failure as group:
                        assert {error.number for error in group.exceptions} == {1, -1}
                    except* ValueError as group:
                        assert group.exceptions[0].args == (2,)
                case 5:
                    shared.add_note(f"{index}")
                    shared.__traceback__ = None
                    shared.__context__ = None
            assert sys.exception() is None, "an exception of another thread"

    round.together(work)
    assert len(getattr(shared, "__notes__", ())) <= round.threads * STEPS
    shared.__traceback__ = None
    while not travelling.empty():
        travelling.get()


_scenario.run(scenario)
