"""All threads on one set: own elements are exactly there, each shared one is won once."""

import _scenario

STEPS = 400


class Element:
    __slots__ = ("number",)

    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return self.number % 7

    def __eq__(self, other):
        return isinstance(other, Element) and other.number == self.number


def scenario(round):
    shared = set()

    def own(index, number):
        kind = Element if number % 2 else int
        return kind(index * 1000 + number)

    def work(index, numbers):
        mine = set()
        for _ in range(STEPS):
            number = numbers.below(50)
            element = own(index, number)
            match numbers.below(10):
                case 0 | 1 | 2:
                    shared.add(element)
                    mine.add(number)
                case 3 | 4:
                    shared.discard(element)
                    mine.discard(number)
                case 5:
                    assert (element in shared) == (number in mine)
                case 6:
                    try:
                        shared.remove(element)
                        mine.remove(number)
                    except KeyError:
                        assert number not in mine
                case 7:
                    try:
                        for item in shared:
                            assert type(item) in (int, Element)
                    except RuntimeError as error:
                        assert str(error) == "Set changed size during iteration"
                case 8:
                    shared.update([element])
                    mine.add(number)
                case 9:
                    union = shared | {element}
                    assert element in union
                    assert len(frozenset(union)) == len(union)
        return mine

    owned = round.together(work)
    expected = {own(index, number) for index, mine in enumerate(owned) for number in mine}
    assert shared == expected, "an element was lost or came back"

    prizes = set(range(500))

    def win(index, numbers):
        won = []
        while True:
            try:
                won.append(prizes.pop())
            except KeyError:
                return won

    won = [number for numbers in round.together(win) for number in numbers]
    assert sorted(won) == list(range(500)), "an element was popped twice or never"


_scenario.run(scenario)
