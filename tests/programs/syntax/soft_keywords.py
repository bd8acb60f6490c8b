# match, case, type and _ are ordinary names outside their statements.
match = 1
case = 2
type = str
_ = 3
match + case
match(match) if False else None
match = [match, case]
match[0] = 5
assert match == [5, 2]
match.append(_)
assert match[-1] == 3


def case(match, type=_):
    return match + type


assert case(1) == 4
print_ = lambda match: match
assert print_(match=9) == 9


class type:
    type = 1
    match: int = 2

    def case(self):
        return self.match


assert type().case() == 2
match type:
    case _:
        done = True
assert done
match (1, 2):
    case match, case:
        assert match == 1 and case == 2
