# f-strings (PEP 701): conversions, nested specs and quotes, =, multi-line, lambdas, escapes, errors.
x, y, name = 5, 2.5, "Ann"
assert f"{x}" == "5"
assert f"{x}{y}" == "52.5"
assert f"a{{b}}c{x}" == "a{b}c5"
assert f"" == ""
assert f"{name!r} {name!s} {name!a}" == "'Ann' Ann 'Ann'"
assert f"{x:03} {y:.2f}" == "005 2.50"
width, precision = 8, 2
assert f"{y:{width}.{precision}f}|" == "    2.50|"
assert f"{x:{'0'}{width}}" == "00000005"
assert f"{name:{'>'}{width}}" == "     Ann"
assert f"{x=} {x = } {y=:.1f} {name=!s} {x+1=}" == "x=5 x = 5 y=2.5 name=Ann x+1=6"
assert f"{'a' 'b'}" == "ab"
assert f"{"nested " + f"{"deep"}"}" == "nested deep"
assert f"{f"{f"{1}"}"}" == "1"
assert f"{[i for i in range(3)]}" == "[0, 1, 2]"
assert f"{ {1: 2}[1] }" == "2"
assert f"{(lambda v: v * 2)(4)}" == "8"
assert f"{{1}}" == "{1}"
assert f"{'\n'}" == "\n"
assert f"\x41{x}\t" == "A5\t"
assert rf"\{x}\n" == "\\5\\n"
assert f"{x!r:>4}" == "   5"
assert f"{
    x  # a comment
    + 1
}" == "6"
assert f"""a
{x}
b""" == "a\n5\nb"
assert "a" f"{x}" "b{c}" == "a5b{c}" and f"{x}" "{x}" == "5{x}"
assert f"{x if x else y}" == "5"
assert f"{x!=5}" == "False"
assert f"{x:=^5}" == "==5=="
assert f"{(z:=7)}" == "7"
assert z == 7
assert f"{'{'}" == "{"
assert f"{x:}" == "5"
assert f"\N{BULLET}" == "•"
assert f"{ord('\u00e9')}" == "233"
table = {"k": "v"}
assert f"{table["k"]}" == "v" and f"{table['k']:>{len("abc")}}" == "  v"


class Spec:
    def __format__(self, spec):
        return repr(spec)


assert f"{Spec():a{x}b}" == "'a5b'" and f"{Spec():\n}" == "'\\n'"
assert f"{Spec():%H:%M}" == "'%H:%M'"


def closure():
    value = 1
    return [f"{value} {(lambda: value)()}" for _ in range(1)]


assert closure() == ["1 1"]


async def coro():
    return f"{await inner()}"


async def inner():
    return 3


try:
    coro().send(None)
except StopIteration as stop:
    assert stop.value == "3"
assert f"{x,}" == "(5,)"
assert f"{*[1, 2],}" == "(1, 2)"
assert f"{'a'if x else'b'}" == "a"
for bad, text in [
    ("f'{}'", "valid expression required before '}'"), ("f'{a'", "expecting '}'"), ("f'}'", "single '}' is not allowed"), ("f'{a!x}'", "invalid conversion character"), ("f'{a!}'", "missing conversion character"),
    ("f'{!r}'", "valid expression required before '!'"), ("f'{lambda x: 1}'", "lambda"), ("f'{a b}'", ""), ("f'{a:{b'", ""), ("f'unterminated", "unterminated f-string literal"), ("f'{*a}'", ""), ("bf'x'", ""),
]:
    try:
        compile(bad, "f", "eval")
    except SyntaxError as error:
        pass
    else:
        raise AssertionError(bad)
