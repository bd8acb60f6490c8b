# compile() of syntax trees: what parse() gave, what programs made, and what makes no sense.
import ast

source = '''
def f(a, b=2, *rest, c, **named):
    """doc"""
    total = a + b
    for item in rest:
        total += item
    match named:
        case {"x": int(x), **others}:
            total += x
    return f"{total!r:>{b + 4}}|{c=}"
class C[T](list):
    kind: T = "c"
    def size(self): return super().__len__()
'''
names = {}
exec(compile(ast.parse(source), "<tree>", "exec"), names)
print(names["f"](1, 2, 3, c=4, x=5), names["f"].__doc__, names["C"]([1, 2]).size())

one, two = ast.Constant(1, lineno=7, col_offset=0), ast.Constant(2, lineno=9, col_offset=4)
added = ast.BinOp(one, ast.Add(), two, lineno=7, col_offset=0, end_lineno=9, end_col_offset=5)
code = compile(ast.Expression(added), "<made>", "eval")
print(eval(code), code.co_firstlineno)
big = ast.Expression(ast.Constant((10**30, "\ud800", frozenset([1]), -5)))
print(ascii(eval(compile(ast.fix_missing_locations(big), "<made>", "eval"))))


def broken(tree, mode="exec"):
    try:
        compile(ast.fix_missing_locations(tree), "<made>", mode)
    except (TypeError, ValueError, SyntaxError) as error:
        print(type(error).__name__, error)


broken(ast.Module([ast.Pass()]), "eval")
broken(ast.Module([ast.If(ast.Constant(1), [], [])]))
broken(ast.Module([ast.Assign([ast.Constant(1)], ast.Constant(2))]))
broken(ast.Module([ast.Expr(ast.Name("x", ast.Store()))]))
broken(ast.Module([ast.Expr(ast.Constant([]))]))
broken(ast.Module([ast.Expr(None)]))
broken(ast.Module([ast.Delete([])]))
broken(ast.Module([ast.Expr(ast.Name("None", ast.Load()))]))
broken(ast.Module([ast.Return(ast.Constant(1))]))
broken(ast.Module("body"))
print(ast.dump(ast.parse("(int, *str) -> bool", mode="func_type")))
print(ast.dump(ast.parse("__debug__", optimize=1)))
