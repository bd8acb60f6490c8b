# Operands, arguments, dict entries, subscripts and assignment targets are evaluated left to right.
order = []


def at(mark, value=None):
    order.append(mark)
    return value


def expect(*marks):
    assert tuple(order) == marks, order
    order.clear()


at(1, 1) + at(2, 2) * at(3, 3)
expect(1, 2, 3)
(lambda *a, **k: None)(at(1), *at(2, ()), x=at(3), **at(4, {}))
expect(1, 2, 3, 4)
{at(1): at(2), at(3): at(4)}
expect(1, 2, 3, 4)
box = {}
at("target", box)[at("key", "k")] = at("value", 5)
expect("value", "target", "key")
at("target", box)[at("key", "k")] += at("value", 5)
expect("target", "key", "value")
assert box == {"k": 10}
a = b = at("once", [])
expect("once")
assert a is b
at(1) if at(2, True) else at(3)
expect(2, 1)
[at("e") for _ in at("i", [0, 0])]
expect("i", "e", "e")
del at("d", box)[at("k", "k")]
expect("d", "k")
assert not at(1, 1) < at(2, 0) < at(3, 0)
expect(1, 2)


@at("outer", lambda f: at("apply outer", f))
@at("inner", lambda f: at("apply inner", f))
def decorated(x=at("default")):
    pass


expect("outer", "inner", "default", "apply inner", "apply outer")
