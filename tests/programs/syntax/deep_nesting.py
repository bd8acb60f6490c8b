# Nested brackets and deep expressions end in an error or a value, never in a crash.
depth = 50
value = eval("(" * depth + "1" + ")" * depth)
assert value == 1
value = eval("[" * depth + "]" * depth)
while value:
    value = value[0]
assert value == []
for opening, closing in ["()", "[]", "{}"]:
    try:
        compile(opening * 100_000 + closing * 100_000, "deep", "eval")
    except (SyntaxError, MemoryError, RecursionError):
        pass
    else:
        raise AssertionError("a hundred thousand brackets")
assert eval("+".join(["1"] * 500)) == 500
assert eval("-" * 50 + "1") == 1
try:
    compile("-" * 100_000 + "1", "deep", "eval")
except (SyntaxError, MemoryError, RecursionError):
    pass
lines = "".join(f"{' ' * i}if True:\n" for i in range(90)) + " " * 90 + "deepest = 1\n"
exec(lines)
assert deepest == 1
try:
    compile("".join(f"{' ' * i}if True:\n" for i in range(101)) + " " * 101 + "x\n", "deep", "exec")
except IndentationError as error:
    assert "too many levels of indentation" in str(error)
