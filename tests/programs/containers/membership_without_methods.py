"""Membership in variables and constants, by what needs no Python code and by what does."""

NUMBERS = {1: 2, "a": 3, (1, 2): 4}
MIXED = {1, "a", 2.5}


class LikeA:
    def __hash__(self):
        return hash("a")

    def __eq__(self, other):
        return other == "a"

    def __repr__(self):
        return "LikeA"


def every_way(item, container):
    found = [item in container, item not in container]
    if item in container:
        found.append("in")
    if not (item in container):
        found.append("not (in)")
    if item not in container and container:
        found.append("not in")
    return found


def constants(item):
    text = item in "abc" if isinstance(item, str) else None
    return item in (1, 2, "a"), item in {1, 2, "a"}, text, item not in (3, 4)


def unbound(container):
    try:
        return item in container
    except UnboundLocalError as error:
        return str(error)
    item = 1


for container in (NUMBERS, MIXED, frozenset(MIXED), (1, "a", 2.0), "abc", "", [1, "a"]):
    for item in (1, 1.0, True, "a", "ab", "zz", LikeA(), 2, 2.5, (1, 2)):
        try:
            print(type(container).__name__, repr(item), every_way(item, container))
        except TypeError as error:
            print(type(container).__name__, repr(item), error)
for item in (1, "a", "b", 3, 1.0, None, LikeA()):
    print(repr(item), constants(item))
print(unbound(NUMBERS))
