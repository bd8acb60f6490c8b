"""Cases that are literals, for subjects of all kinds."""


def kind(value):
    match value:
        case "load":
            return 1
        case 7:
            return 2
        case 2.5:
            return 3
        case None:
            return 4
        case _:
            return 5


class Equal:
    def __init__(self, to):
        self.to = to

    def __eq__(self, other):
        return other == self.to


class Text(str):
    def __eq__(self, other):
        print("asked", other)
        return True

    __hash__ = str.__hash__


class Loud:
    def __eq__(self, other):
        raise ValueError(other)


for subject in ("load", 7, 7.0, 2.5, None, True, "store", Equal("load"), Equal(7), Text("x")):
    print(kind(subject), end=" ")
print()
try:
    kind(Loud())
except ValueError as error:
    print("raised", error)
