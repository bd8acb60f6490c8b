# Threads sort one list, each in its way, while others look at it and let it grow: the items are there
# at any time, and only who really changes the list makes a sort fail.
import random
import threading


class Number:
    def __init__(self, value):
        self.value = value

    def __lt__(self, other):
        return self.value < other.value


def together(*functions):
    errors = []

    def run(function):
        try:
            function()
        except BaseException as error:
            errors.append(repr(error))

    threads = [threading.Thread(target=run, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(errors)


def same(items, others):
    return sorted(map(id, items)) == sorted(map(id, others))


values = list(range(200))
random.Random(1).shuffle(values)

for items, value in (values, lambda item: item), ([Number(v) for v in values], lambda item: item.value):
    shared = list(items)

    def repeat(function):
        def run():
            for _ in range(30):
                function()
        return run

    def descend():
        shared.sort(key=lambda item: -value(item))

    together(repeat(shared.sort), repeat(descend), repeat(lambda: shared.sort(reverse=True)))
    print(same(shared, items))
    shared.sort()
    print([value(item) for item in shared] == sorted(values))

shared = []


def grow():
    for number in range(2000):
        shared.append(number)


def sort_plain():
    while len(shared) < 4000:
        shared.sort(reverse=True)


together(grow, grow, sort_plain)
print(len(shared), sorted(shared) == sorted(2 * list(range(2000))))

# Who changes the list from within the sort is told so, and keeps what was put in.
started = threading.Thread(target=lambda: None)
started.start()
started.join()
small = [3, 1, 2]


def change(number):
    if number == 1:
        small.append(4)
    return number


try:
    small.sort(key=change)
except ValueError as error:
    print(error)
