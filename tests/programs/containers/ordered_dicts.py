# OrderedDict: keys are moved, taken from both ends, gone over both ways; changes on the way are noticed.
import copy
import pickle
import threading
from collections import OrderedDict


def attempt(work, *args, **keywords):
    try:
        return work(*args, **keywords)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


od = OrderedDict.fromkeys("abcde")
od.move_to_end("b")
print(list(od))
od.move_to_end("d", last=False)
print(list(od), list(reversed(od)))
od.move_to_end("d", last=False)
od.move_to_end("b")
print(list(od))
print(od.popitem(), od.popitem(last=False), list(od))
od["a"] = 1
del od["c"]
od["c"] = 2
print(od, od.keys(), od.values(), od.items())
print(list(reversed(od.items())), list(reversed(od.values())), list(reversed(od.keys())))
for work, *args in [
    (od.move_to_end, "none"), (od.move_to_end, []), (od.pop, "none"), (od.pop, "none", 5), (od.pop, "a"),
    (OrderedDict().popitem,), (OrderedDict, 1, 2), (od.update, 1, 2), (OrderedDict, [()]), (OrderedDict, [(1,)]),
    (OrderedDict, [(1, 2, 3)]), (OrderedDict, 3), (od.__setitem__, [], 1), (od.__or__, 3), (od.setdefault, "new", 9),
    (od.setdefault, "new", 10), (hash, od), (od.__delitem__, "none"), (od.__lt__, od),
]:
    print(getattr(work, "__name__", work), args, attempt(work, *args))
print(od)

print(OrderedDict(a=1, b=2) == OrderedDict(b=2, a=1), OrderedDict(a=1, b=2) == dict(b=2, a=1),
      OrderedDict(a=1) != OrderedDict(a=1), dict(a=1) == OrderedDict(a=1))
print(OrderedDict(a=1) | {"b": 2}, {"b": 2} | OrderedDict(a=1), type({} | OrderedDict()))
od |= [("z", 1)]
print(od)


class Child(OrderedDict):
    def __setitem__(self, key, value):
        super().__setitem__(key, [value])


child = Child([("x", 1)], y=2)
child.update({"z": 3})
child.name = "attribute"
print(child, child.setdefault("w", 4), child, child.copy(), vars(child.copy()))
print(child.__reduce__()[:4], list(child.__reduce__()[4]))

ring = OrderedDict()
ring["self"] = ring
print(ring)
for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
    back = pickle.loads(pickle.dumps(ring, protocol))
    assert back["self"] is back and type(back) is OrderedDict
    iterator = iter(OrderedDict(a=1, b=2, c=3).items())
    next(iterator)
    print(list(pickle.loads(pickle.dumps(iterator, protocol))), next(iterator))
deep = copy.deepcopy(OrderedDict(a=[1], b=[2]))
print(deep, copy.copy(deep))

for change in [
    lambda od: od.move_to_end("a"), lambda od: od.pop("c"), lambda od: od.clear(), lambda od: od.update(new=1),
    lambda od: od.popitem(), lambda od: od.__setitem__("a", 5), lambda od: od.move_to_end("c"),
]:
    od = OrderedDict.fromkeys("abc")
    iterator, backward, items = iter(od), reversed(od), iter(od.items())
    next(iterator), next(backward), next(items)
    change(od)
    print([attempt(next, each) for each in (iterator, backward, items)], attempt(next, iterator, "end"))

# A queue as long as it gets: both ends cost the same, however many were taken already.
od = OrderedDict()
for number in range(20000):
    od[number] = number
    if len(od) > 3:
        od.popitem(last=False)
    od.move_to_end(number - 1) if number else None
print(list(od.items()))

od = OrderedDict((number, number) for number in range(64))
barrier = threading.Barrier(4)


def hammer(seed):
    barrier.wait()
    for step in range(2000):
        key = (seed * 31 + step * 17) % 64
        try:
            od.move_to_end(key, last=step % 5 != 0)
            if step % 7 == 0:
                taken, value = od.popitem(last=step % 2 == 0)
                assert taken == value
                od[taken] = taken
            if step % 11 == 0:
                for other, value in od.items():
                    assert other == value
        except RuntimeError as error:
            assert str(error) == "OrderedDict mutated during iteration", error
        except KeyError:
            pass  # another thread has taken it and not put it back yet


threads = [threading.Thread(target=hammer, args=(seed,)) for seed in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(od) == list(range(64)), len(od))
