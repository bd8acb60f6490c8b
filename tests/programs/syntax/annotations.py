# Annotations are evaluated lazily (PEP 649): forward references, formats, scopes, no evaluation without need.
import annotationlib


class Tree:
    left: Tree
    right: Tree | None
    value: int = 0

    def graft(self, other: Tree) -> Tree: ...


assert Tree.__annotations__ == {"left": Tree, "right": Tree | None, "value": int}
assert Tree.graft.__annotations__ == {"other": Tree, "return": Tree}
assert Tree.value == 0 and not hasattr(Tree, "left")


def unknown(a: Missing, b: int = 1, *c: "text", d: list[Missing] = None, **e: 3) -> print("never"):
    pass


try:
    unknown.__annotations__
except NameError as error:
    assert "Missing" in str(error)
else:
    raise AssertionError("evaluated")
assert annotationlib.get_annotations(unknown, format=annotationlib.Format.STRING) == {
    "a": "Missing", "b": "int", "c": "text", "d": "list[Missing]", "e": "3", "return": "print('never')",
}
Missing = float
import io, contextlib

with contextlib.redirect_stdout(io.StringIO()) as out:
    assert unknown.__annotations__["d"] == list[float]
assert out.getvalue() == "never\n"

late: int
count: int = 5
assert count == 5
try:
    late
except NameError:
    pass
import sys

assert sys.modules["__main__"].__annotations__ == {"late": int, "count": int}


def local_annotation():
    x: undefined_name
    y: undefined_name = 3
    return y


assert local_annotation() == 3 and local_annotation.__annotations__ == {}


def in_closure(kind):
    class Local:
        field: kind

    return Local


assert in_closure(str).__annotations__ == {"field": str}
(target): int = 4
assert target == 4


class Box:
    pass


box = Box()
box.attribute: int = 3
assert box.attribute == 3 and "attribute" not in Box.__annotations__
unknown.__annotations__ = {"a": 1}
assert unknown.__annotations__ == {"a": 1}
assert unknown.__annotate__ is None
