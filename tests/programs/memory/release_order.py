# The order in which a container lets go of its items: lists and tuples begin with the last, others with the first.
import collections


class Noted:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        released.append(self.name)


def items():
    return [Noted(number) for number in range(4)]


def check(expected):
    assert released == expected, released
    released.clear()


released = []

values = items()
values.clear()
check([3, 2, 1, 0])

values = items()
del values
check([3, 2, 1, 0])

values = items()
del values[1:3]
check([2, 1])
values[:] = []
check([3, 0])

values = items()
values[0:2] = [None]
check([1, 0])
values[::2] = [None, None]
check([3])
values.clear()
check([2])

values = items()
del values[::2]
check([0, 2])
values.clear()
check([3, 1])

values = items()
values *= 0
check([3, 2, 1, 0])

values = tuple(items())
del values
check([3, 2, 1, 0])

values = dict(enumerate(items()))
values.clear()
check([0, 1, 2, 3])

values = dict(enumerate(items()))
del values
check([0, 1, 2, 3])

values = collections.deque(items())
del values
check([0, 1, 2, 3])


def take(*arguments):
    pass


take(*items())
check([3, 2, 1, 0])
