# A weak reference that a finalizer makes to garbage is dead when the garbage is freed.
import gc
import weakref


class Late:
    def __del__(self):
        print("late:", self.reference())


class Cyclic(tuple):
    def __del__(self):
        self[1].reference = weakref.ref(self[0])
        global late
        del late


late = Late()


def function():
    pass


cycle = Cyclic((function, late))
function.attribute = cycle
del function, cycle
gc.collect()
print("done")
