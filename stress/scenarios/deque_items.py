"""All threads on one deque: what goes in at either end comes out once."""

from collections import deque

import _scenario

STEPS = 500


def scenario(round):
    shared = deque()
    bounded = deque(maxlen=8)

    def work(index, numbers):
        made, taken = [], []
        for step in range(STEPS):
            token = (index, step)
            match numbers.below(11):
                case 0 | 1:
                    shared.append(token)
                    made.append(token)
                case 2 | 3:
                    shared.appendleft(token)
                    made.append(token)
                case 4 | 5 | 6:
                    try:
                        taken.append(shared.pop() if step % 2 else shared.popleft())
                    except IndexError as error:
                        assert str(error) == "pop from an empty deque"
                case 7:
                    shared.rotate(numbers.below(5) - 2)
                case 8:
                    try:
                        for item in shared:
                            assert type(item) is tuple
                    except RuntimeError as error:
                        assert str(error) == "deque mutated during iteration"
                case 9:
                    bounded.append(token)
                    assert len(bounded) <= 8
                case 10:
                    try:
                        assert type(shared[numbers.below(len(shared) + 1)]) is tuple
                        assert token not in shared
                    except (IndexError, RuntimeError):
                        pass
        return made, taken

    results = round.together(work)
    made = sorted(token for tokens, _ in results for token in tokens)
    out = sorted([token for _, tokens in results for token in tokens] + list(shared))
    assert made == out, "a token was lost or doubled"


_scenario.run(scenario)
