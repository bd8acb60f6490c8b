# A finalizer makes a weak reference to garbage; it is dead when the garbage is.
import gc
import weakref


class Late:
    __slots__ = ("reference",)

    def __del__(self):
        global found
        found = self.reference()


class Cyclic(tuple):
    __slots__ = ()

    def __del__(self):
        self[1].reference = weakref.ref(self[0])
        global late
        del late


def function():
    pass


late = Late()
cycle = tuple.__new__(Cyclic, (function, late))
function.__module__ = cycle
del function, cycle
gc.collect()
assert found is None or callable(found)
repr(found)
