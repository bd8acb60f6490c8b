# Syntax trees: the classes of nodes, trees of source with exact positions, tokens, symbol tables.
import ast
import copy
import io
import pickle
import symtable
import tokenize
import warnings

warnings.simplefilter("error")


def attempt(action):
    try:
        print(action())
    except Exception as error:
        print(type(error).__name__, error)


# The grammar.
for name in ("stmt", "Dict", "arg", "boolop", "type_param"):
    node_class = getattr(ast, name)
    print(node_class.__doc__)
    print(node_class._fields, node_class._attributes, getattr(node_class, "_field_types", None))

# Construction, copies, repr.
name = ast.Name("a")
attempt(lambda: ast.Name(1, 2, 3))
attempt(lambda: ast.Name("a", id=1))
attempt(lambda: ast.Name("a", other=1))
attempt(lambda: ast.BinOp(name, ast.Add()))
attempt(lambda: name.__replace__(other=1))
attempt(lambda: ast.dump(name.__replace__(id="b")))
attempt(lambda: name.__reduce__())
attempt(lambda: ast.dump(ast.FunctionDef("f", ast.arguments())))
attempt(lambda: ast.dump(pickle.loads(pickle.dumps(ast.BinOp(name, ast.Add(), name)))))
attempt(lambda: ast.dump(copy.deepcopy(ast.List([name]))))
attempt(lambda: ast.Tuple([name] * 4))
print(ast.Name("a").ctx is ast.Name("b").ctx)

# Trees of source.
SOURCES = [
    "@d\nasync def f(a, /, b: int = 1, *c, d=2, **e) -> r:\n    'doc'\n    await x\n",
    "class C[T: int, *Ts, **P](B, k=v):\n    x: int = 1\n    (y): int\n",
    "if a:\n    pass\nelif b:\n    pass\nelse:\n    pass\n",
    "try:\n    a\nexcept* E as e:\n    b\nelse:\n    c\nfinally:\n    d\n",
    "with a as b, c: pass\nfor x in y: break\nelse: continue\nwhile 1: pass\n",
    "import a.b as c\nfrom .. import d\nfrom .e import f as g, h\nglobal i, j\n",
    "match x:\n    case {'k': -1, **r} | [1, *_, None] if y: pass\n    case C(1, k=a) as b: pass\n",
    "x = y = lambda a, *, b=1: (a, *b)\ndel x, y[1:2, ::3]\nx @= 1\ntype A[T = int] = T\n",
    "f(a, *b, k=c, **d)\nf(x for x in y if z)\n{**a, b: c}\n{d async for d in e}\n[i := 1]\n",
    "f'a{x!r:>{w}}b' 'c'\nf'{x = }'\nt'{ y }z'\nu'k' 'l'\nb'm' b'n'\n1_0 + 0xFFFFFFFFFFFFFFFFFF + 2j\n",
    "é = not -a < b is not c and d ** ~e if f else ...\n",
]
for source in SOURCES:
    print(ast.dump(ast.parse(source), include_attributes=True))
print(ast.dump(ast.parse("a + b", mode="eval")))
print(ast.dump(ast.parse("a; b", mode="single")))
attempt(lambda: ast.parse("a b"))

# Tokens.
for source in ("if a:\n  # b\n  c = f'x{y}'\n\nd", "(\n1 # 2\n)\n", "'''a\nb'''", "(", "  a\n b\n"):
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            print(token)
    except (tokenize.TokenError, IndentationError) as error:
        print(type(error).__name__, error.args)


# Symbol tables.
def show(table, depth=0):
    symbols = [
        (symbol.get_name(), symbol.is_local(), symbol.is_global(), symbol.is_free())
        for symbol in table.get_symbols()
    ]
    print(" " * depth, table.get_type(), table.get_name(), table.get_lineno(), symbols)
    for child in table.get_children():
        show(child, depth + 1)


show(symtable.symtable("def f(x):\n def g(): return x, len\nclass C:\n  y = 1\n", "f", "exec"))
