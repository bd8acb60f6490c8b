# Template strings (PEP 750): parts, interpolations, iteration, concatenation, lazy formatting.
from string.templatelib import Interpolation, Template

name, width = "World", 5
template = t"Hello {name!r:>{width}} and {1 + 1}!"
assert isinstance(template, Template)
assert template.strings == ("Hello ", " and ", "!")
first, second = template.interpolations
assert (first.value, first.expression, first.conversion, first.format_spec) == ("World", "name", "r", ">5")
assert (second.value, second.expression, second.conversion, second.format_spec) == (2, "1 + 1", None, "")
assert template.values == ("World", 2)
parts = list(template)
assert parts[0] == "Hello "
assert parts[1] is first
assert parts[-1] == "!"
assert t"".strings == ("",)
assert list(t"") == []
assert list(t"{name}")[0].value == "World"
assert t"{name}".strings == ("", "")
both = t"a{1}" + t"{2}b"
assert both.strings == ("a", "", "b") and both.values == (1, 2)
try:
    t"a" + "b"
except TypeError:
    pass
else:
    raise AssertionError
made = Template("x ", Interpolation(5, "five", None, ".2f"), " y")
assert made.strings == ("x ", " y") and made.interpolations[0].expression == "five"
assert t"{name=}".strings == ("name=", "")
assert t"{name=}".interpolations[0].conversion == "r"
assert "a" != t"a" and t"{{}}".strings == ("{}",)


def render(template):
    out = []
    for part in template:
        match part:
            case str():
                out.append(part)
            case Interpolation(value, _, conversion, spec):
                value = repr(value) if conversion == "r" else value
                out.append(format(value, spec))
    return "".join(out)


assert render(template) == "Hello 'World' and 2!"
assert render(t"{3.14159:.{2}f}") == "3.14"
assert repr(t"a{1}") == "Template(strings=('a', ''), interpolations=(Interpolation(1, '1', None, ''),))"
raw = rt"\n{name}"
assert raw.strings == ("\\n", "")
for bad in ["t'{}'", "t'{a'", "bt'x'", "ft'x'", "t'a' 'b'"]:
    try:
        compile(bad, "t", "eval")
    except SyntaxError:
        pass
    else:
        raise AssertionError(bad)
try:
    t"{undefined}"
except NameError:
    pass
