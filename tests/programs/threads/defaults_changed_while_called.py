"""Functions are called without their last arguments while their defaults are replaced, and those replaced die."""

import threading


class Dying:
    """Calls functions of its own when it is let go of."""

    def __init__(self, number):
        self.number = number

    def __del__(self):
        count(self.number, self.number, self.number)


def count(*items):
    return len(items) + deep(5)


def deep(n, m=0):
    return n if n == 0 else deep(n - 1)


def called(a, b=1, c=2):
    return a, b, c


def named(a, *, b=1, c=2):
    return a, b, c


def collecting(a, b=2, *rest):
    return a, b, rest


wrong = []
stop = threading.Event()


def call():
    while not stop.is_set():
        for number in range(100):
            a, b, c = called(number)
            d, e, f = named(number)
            g, h, rest = collecting(number)
            fine = a == d == g == number and rest == ()
            if not fine or not all(isinstance(x, (int, Dying)) for x in (b, c, e, f, h)):
                wrong.append((a, b, c, d, e, f, g, h, rest))


def replace():
    for number in range(400):
        called.__defaults__ = (Dying(number), Dying(number))
        named.__kwdefaults__ = {"b": Dying(number), "c": Dying(number)}
        collecting.__defaults__ = (Dying(number),)


callers = [threading.Thread(target=call) for _ in range(3)]
writers = [threading.Thread(target=replace) for _ in range(2)]
for thread in callers + writers:
    thread.start()
for thread in writers:
    thread.join()
stop.set()
for thread in callers:
    thread.join()
print("wrong:", wrong)
