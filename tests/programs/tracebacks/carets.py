# exit: 1
# Carets mark the operator, the subscript, the call, and what spans lines.
import traceback


class A:
    b = None


def show(function):
    try:
        function()
    except Exception:
        traceback.print_exc()


a, zero, text = A(), 0, "text"
show(lambda: 1 + 2 / zero * 3)
show(lambda: a.b.c.d)
show(lambda: (text[0] + text)[99])
show(lambda: len(text, text))
show(lambda: a.b(1)(2))
show(lambda: text + 1 if text else None)
show(lambda: -text)
show(lambda: text.upper().nothing().more)


def lines():
    return (
        1
        + text
    )


show(lines)


def call_over_lines():
    return len(
        1,
        2,
    )


show(call_over_lines)


def statement():
    for x in 5: pass


show(statement)


def unpack():
    a, b = 1, 2, 3


show(unpack)


def imported():
    from sys import nothing_at_all


show(imported)


def wide():
    ünï = 1; return ünï + "ö" + zero


show(wide)
assert text == "other", "the message"
