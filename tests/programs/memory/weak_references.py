# weakref: refs, callbacks, proxies, dictionaries, sets, methods, finalize.
import gc
import weakref


class Thing:
    def __init__(self, n=0):
        self.n = n

    def method(self):
        return self.n

    def __len__(self):
        return 3


t = Thing(5)
r = weakref.ref(t)
assert r() is t
assert weakref.ref(t) is r
assert r == weakref.ref(t)
assert hash(r) == hash(t)
assert weakref.getweakrefcount(t) == 1
log = []
c = weakref.ref(t, lambda ref: log.append(ref))
assert c is not r and weakref.getweakrefcount(t) == 2
p = weakref.proxy(t)
assert p.n == 5
assert p.method() == 5
assert len(p) == 3
assert type(p) is weakref.ProxyType
p.n = 6
assert t.n == 6
del t
gc.collect()
assert r() is None
assert log == [c]
assert repr(r).endswith("dead>")
try:
    p.n
except ReferenceError as error:
    assert str(error) == "weakly-referenced object no longer exists"
for no in 5, "a", (), None:
    try:
        weakref.ref(no)
    except TypeError as error:
        assert str(error).startswith("cannot create weak reference to"), error
    else:
        raise AssertionError
for yes in Thing, lambda: 0, {1}, frozenset([1]), weakref:
    assert weakref.ref(yes)() is yes
d = weakref.WeakValueDictionary()
a = Thing(1)
d["a"] = a
d["gone"] = Thing(2)
gc.collect()
assert list(d.items()) == [("a", a)]
assert "gone" not in d
assert len(d) == 1
k = weakref.WeakKeyDictionary()
k[a] = "value"
k[Thing()] = "lost"
gc.collect()
assert list(k.values()) == ["value"] and k[a] == "value"
s = weakref.WeakSet([a, Thing()])
gc.collect()
assert list(s) == [a] and a in s
m = weakref.WeakMethod(a.method)
assert m()() == 1
del a
gc.collect()
assert m() is None
assert not d
assert not k
assert not s
x = Thing()
f = weakref.finalize(x, log.append, "finalized")
assert f.alive and f.peek()[2] == ("finalized",)
del x
gc.collect()
assert log[-1] == "finalized"
assert not f.alive
assert f() is None
order = []
y = Thing()
refs = [weakref.ref(y, lambda _, i=i: order.append(i)) for i in range(3)]
del y
gc.collect()
assert sorted(order) == [0, 1, 2]


class Sub(weakref.ref):
    extra = 1


z = Thing()
sub = Sub(z)
assert sub() is z
assert sub.extra == 1
assert sub is not weakref.ref(z)


def raising(ref):
    raise KeyError("in callback")


import sys

hooked = []
sys.unraisablehook = lambda args: hooked.append(args.exc_type)
bad = weakref.ref(z, raising)
del z
gc.collect()
assert hooked == [KeyError]
