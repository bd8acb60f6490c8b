# inspect, dis, ast, traceback, linecache, types of code: programs that look at programs.
import ast
import dis
import inspect
import io
import traceback


def sample(a, /, b: int = 1, *c, d, **e):
    """Doc."""
    return [x for x in c if x]


signature = inspect.signature(sample)
assert str(signature) == "(a, /, b: int = 1, *c, d, **e)"
assert [p.kind.name for p in signature.parameters.values()] == [
    "POSITIONAL_ONLY",
    "POSITIONAL_OR_KEYWORD",
    "VAR_POSITIONAL",
    "KEYWORD_ONLY",
    "VAR_KEYWORD",
]
bound = signature.bind(1, 2, 3, d=4, z=5)
assert bound.arguments == {"a": 1, "b": 2, "c": (3,), "d": 4, "e": {"z": 5}}
assert inspect.getdoc(sample) == "Doc."
assert inspect.getsource(sample).startswith("def sample")
assert inspect.getsourcelines(sample)[1] == 9
assert inspect.isfunction(sample)
assert inspect.getmodule(sample).__name__ == "__main__"
tree = ast.parse("x = 1 + y\nprint(x, end='')")
assert (
    ast.dump(tree.body[0])
    == "Assign(targets=[Name(id='x', ctx=Store())], value=BinOp(left=Constant(value=1), op=Add(), right=Name(id='y', ctx=Load())))"
)
assert ast.unparse(tree) == "x = 1 + y\nprint(x, end='')"
assert ast.literal_eval("{'a': [1, -2.5, (None, True)], 'b': {1}}") == {
    "a": [1, -2.5, (None, True)],
    "b": {1},
}
assert tree.body[1].lineno == 2
assert [type(n).__name__ for n in ast.walk(ast.parse("a.b", mode="eval"))] == [
    "Expression",
    "Attribute",
    "Name",
    "Load",
    "Load",
]


class Doubler(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.copy_location(ast.Constant(node.value * 2), node)


space = {"y": 0}
exec(compile(ast.fix_missing_locations(Doubler().visit(ast.parse("z = 21 + y"))), "made", "exec"), space)
assert space["z"] == 42
try:
    ast.literal_eval("f()")
except ValueError:
    pass
names = [i.opname for i in dis.get_instructions(sample)]
assert "RETURN_VALUE" in names and "RESUME" in names
out = io.StringIO()
dis.dis(compile("a + 1", "d", "eval"), file=out)
assert "LOAD_NAME" in out.getvalue()
assert "BINARY_OP" in out.getvalue()
assert "(+)" in out.getvalue()


def fail():
    try:
        {}["key"]
    except KeyError as error:
        raise ValueError("outer") from error


try:
    fail()
except ValueError as error:
    text = "".join(traceback.format_exception(error))
    assert (
        "KeyError: 'key'\n\nThe above exception was the direct cause of the following exception:\n\nTraceback"
        in text
    )
    assert text.endswith("ValueError: outer\n")
    assert '{}["key"]' in text
    summary = traceback.extract_tb(error.__traceback__)
    assert [f.name for f in summary] == ["<module>", "fail"]
    assert summary[1].line == 'raise ValueError("outer") from error'
    assert traceback.format_exception_only(error) == ["ValueError: outer\n"]


def stack():
    return [f.function for f in inspect.stack()][:2]


assert stack() == ["stack", "<module>"]
assert [f.name for f in traceback.extract_stack()] == ["<module>"]


class Base:
    """Base doc."""

    def m(self):
        """M doc."""


class Derived(Base):
    def m(self):
        pass


assert inspect.getdoc(Derived.m) == "M doc."
assert inspect.getmro(Derived) == (Derived, Base, object)
assert dict(inspect.getmembers(Derived, inspect.isfunction))["m"] is Derived.m
assert inspect.isclass(Base)
assert inspect.ismethod(Derived().m)
assert inspect.isbuiltin(len)
import symtable, tokenize, keyword

assert symtable.symtable("def f(x): return y", "t", "exec").get_children()[-1].lookup("x").is_parameter()
assert keyword.iskeyword("match") is False
assert keyword.iskeyword("for")
assert keyword.issoftkeyword("match")
assert [t.string for t in tokenize.generate_tokens(io.StringIO("a = 1").readline)][:3] == ["a", "=", "1"]


class Documented:
    """Documented(raw, size=3)
--

A docstring that begins with a signature, as those of built-in classes do.
"""


class Bare:
    pass


assert Documented.__text_signature__ == "(raw, size=3)"
assert str(inspect.signature(Documented)) == "(raw, size=3)"
assert Bare.__text_signature__ is None and str(inspect.signature(Bare)) == "()"
assert str(inspect.signature(object)) == "()"
