"""All threads on the variables that functions share: cells read, written, emptied, and their owners' own."""

import _scenario

STEPS = 300


class Token:
    """Lives as long as somebody refers to it."""

    def __init__(self, index, step):
        self.index = index
        self.step = step


def variables():
    """Functions that share one variable."""
    shared = Token(-1, 0)

    def read():
        return shared

    def write(token):
        nonlocal shared
        before = shared
        shared = token
        return before

    def forget():
        nonlocal shared
        del shared

    return read, write, forget


def scenario(round):
    read, write, forget = variables()
    cell = read.__closure__[0]

    def work(index, numbers):
        last = {}
        for step in range(STEPS):
            try:
                match numbers.below(8):
                    case 0 | 1 | 2:
                        token = read()
                        # What one thread has written is seen in the order in which it was written.
                        assert last.get(token.index, -1) <= token.step
                        last[token.index] = token.step
                    case 3 | 4:
                        write(Token(index, step))
                    case 5:
                        cell.cell_contents = Token(index, step)
                    case 6:
                        assert isinstance(cell.cell_contents, Token)
                    case 7:
                        forget()
            except NameError as error:
                assert "shared" in str(error)
            except ValueError as error:
                assert str(error) in ("Cell is empty", "cell is empty"), error

    round.together(work)

    # A cell of each thread's own, of which the others get to know now and then.
    open_cells = []

    def own(index, numbers):
        count = 0

        def advance():
            nonlocal count
            count += 1
            return count

        for step in range(STEPS):
            assert advance() == step + 1 == count
            if numbers.below(50) == 0:
                open_cells.append(advance.__closure__[0])
            if open_cells:
                assert numbers.choice(open_cells).cell_contents >= 0

    round.together(own)


_scenario.run(scenario)
