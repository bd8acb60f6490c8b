# What a class attribute held is let go of when the attribute is changed, however often it was read.
import gc
import weakref


class Resource:
    name = "resource"

    def __init__(self, number):
        self.number = number

    def __call__(self):
        return self.number

    def __del__(self):
        print("let go of", self.number)


class Holder:
    resource = None


class Derived(Holder):
    pass


def through_class():
    return Holder.resource.name


def through_instance(holder):
    return holder.resource.name


def through_derived():
    return Derived.resource.name


def by_a_call():
    return Holder.resource()


Holder.resource = Resource(1)
for _ in range(3):
    through_class()
Holder.resource = None
print("after 1")

holder = Holder()
Holder.resource = Resource(2)
for _ in range(3):
    through_instance(holder)
Holder.resource = Resource(3)
print(through_instance(holder), holder.resource.number)
del Holder.resource
print("after 3")

Holder.resource = Resource(4)
for _ in range(3):
    through_derived()
Holder.resource = None
print("after 4", Derived.resource)

Holder.resource = Resource(5)
print([by_a_call() for _ in range(3)])
Holder.resource = lambda: "function"
print(by_a_call(), by_a_call())
Holder.resource = None
print("after 5")


def in_cycle():
    class Node:
        table = {}

    Node.table[Node] = None
    return weakref.ref(Node)


reference = in_cycle()
gc.collect()
print(reference())
