"""Context variables: each thread its own values, one context entered by one at a time."""

import contextvars
import threading

import _scenario

STEPS = 80


def scenario(round):
    variable = contextvars.ContextVar("variable", default=None)
    other = contextvars.ContextVar("other")
    shared = contextvars.copy_context()
    inside = []

    def enter(index):
        inside.append(index)
        assert len(inside) == 1, "two threads inside one context"
        before = variable.get()
        variable.set(index)
        assert variable.get() == index
        inside.pop()
        return before

    def work(index, numbers):
        assert variable.get() is None, "the value of another thread"
        variable.set(index)
        own = contextvars.copy_context()
        for step in range(STEPS):
            match numbers.below(6):
                case 0:
                    token = variable.set((index, step))
                    assert variable.get() == (index, step)
                    variable.reset(token)
                case 1:
                    with other.set(step):
                        assert other.get() == step
                    assert other.get("none") == "none"
                case 2:
                    try:
                        before = shared.run(enter, index)
                        assert before is None or 0 <= before < 64
                    except RuntimeError as error:
                        assert "already entered" in str(error), error
                case 3:
                    assert own.run(variable.get) == index == own[variable]
                    assert dict(own)[variable] == index and len(list(own)) == len(own)
                case 4:
                    seen = shared.get(variable)
                    assert seen is None or 0 <= seen < 64
                    copy = shared.copy()
                    copy.run(variable.set, "copy")
                    assert copy[variable] == "copy"
                case 5:
                    many = [contextvars.ContextVar(f"{step}.{n}") for n in range(10)]
                    context = contextvars.Context()
                    for n, var in enumerate(many):
                        context.run(var.set, n)
                    assert [context[var] for var in many] == list(range(10))
            assert variable.get() == index, "the value of another thread"

        started = threading.Thread(target=variable.get, context=own)
        started.start()
        started.join()

    round.together(work)
    assert variable.get() is None and not inside


_scenario.run(scenario)
