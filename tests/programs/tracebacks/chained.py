# exit: 1
# Chained exceptions, causes and contexts, notes.
def first():
    raise KeyError("first")


def second():
    try:
        first()
    except KeyError as error:
        raise ValueError("second") from error


try:
    second()
except ValueError:
    error = TypeError("third")
    error.add_note("a note")
    error.add_note("another\nof two lines")
    raise error
