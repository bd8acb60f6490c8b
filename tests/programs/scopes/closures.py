# Closures share cells, see later assignments, and each call makes new ones.
def counter():
    count = 0

    def up():
        nonlocal count
        count += 1
        return count

    def read():
        return count

    return up, read


up, read = counter()
other_up, other_read = counter()
assert (up(), up(), read()) == (1, 2, 2)
assert other_read() == 0


def late():
    def inner():
        return value

    value = 5
    return inner()


assert late() == 5


def empty_cell():
    def inner():
        return value

    if False:
        value = 1
    return inner


try:
    empty_cell()()
except NameError as error:
    assert (
        str(error)
        == "cannot access free variable 'value' where it is not associated with a value in enclosing scope"
    )
else:
    raise AssertionError


def three_levels(a):
    def second(b):
        def third(c):
            nonlocal a
            a += 1
            return a, b, c

        return third

    return second


third = three_levels(1)(2)
assert third(3) == (2, 2, 3) and third(4) == (3, 2, 4)
assert third.__code__.co_freevars == ("a", "b")
assert [cell.cell_contents for cell in third.__closure__] == [3, 2]


def deleted():
    x = 1

    def inner():
        return x

    del x
    return inner


try:
    deleted()()
except NameError:
    pass


def argument_cell(n, *rest, key=None):
    def inner():
        return n, rest, key

    n += 1
    return inner


assert argument_cell(1, 2, 3, key=4)() == (2, (2, 3), 4)


def recursive(n):
    def fact(k):
        return 1 if k < 2 else k * fact(k - 1)

    return fact(n)


assert recursive(10) == 3628800


def in_class():
    x = "function"

    class C:
        x = "class"

        def method(self):
            return x

        y = x

    return C


assert in_class()().method() == "function" and in_class().y == "class"


def loop_cells():
    out = []
    for i in range(3):

        def f(j=i):
            return i, j

        out.append(f)
    return [f() for f in out]


assert loop_cells() == [(2, 0), (2, 1), (2, 2)]
cell = third.__closure__[0]
cell.cell_contents = 10
assert third(0)[0] == 11
del cell.cell_contents
try:
    cell.cell_contents
except ValueError as error:
    assert str(error) == "Cell is empty"


def exception_variable():
    try:
        raise ValueError(1)
    except ValueError as error:
        get = lambda: error
    try:
        get()
    except NameError:
        return "unbound after the clause"


assert exception_variable() == "unbound after the clause"
