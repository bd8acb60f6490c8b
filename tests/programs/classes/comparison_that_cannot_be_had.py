# A comparison method whose descriptor raises AttributeError is one that does not know the other object.
class Hidden:
    @property
    def __eq__(self):
        raise AttributeError("hidden")

    @property
    def __lt__(self):
        raise AttributeError("hidden")

    @property
    def __le__(self):
        raise LookupError("le")


one, other = Hidden(), Hidden()
print(one == other, one == one, one != other)
try:
    one < other
except TypeError as error:
    print(error)
try:
    one <= other
except LookupError as error:
    print(repr(error))
