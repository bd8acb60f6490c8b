# threading.local: separate per thread, initialized per thread, freed with the thread.
import gc
import threading
import weakref

local = threading.local()
local.x = "main"
seen = []


def other():
    seen.append(hasattr(local, "x"))
    local.x = "other"
    seen.append(local.x)


t = threading.Thread(target=other)
t.start()
t.join()
assert seen == [False, "other"] and local.x == "main"
try:
    local.y
except AttributeError as error:
    assert "'_thread._local' object has no attribute 'y'" in str(error)
del local.x
assert not hasattr(local, "x")


class Counter(threading.local):
    shared = []

    def __init__(self, start):
        self.n = start
        self.shared.append(threading.get_ident())

    def up(self):
        self.n += 1
        return self.n


c = Counter(10)
c.up()
out = []
threads = [threading.Thread(target=lambda: out.append((c.up(), c.up()))) for _ in range(5)]
for t in threads:
    t.start()
for t in threads:
    t.join()
assert out == [(11, 12)] * 5
assert c.n == 11
assert len(Counter.shared) == 6


class Payload:
    pass


refs = []


def keep():
    local.payload = Payload()
    refs.append(weakref.ref(local.payload))


t = threading.Thread(target=keep)
t.start()
t.join()
del t
gc.collect()
assert refs[0]() is None, "a thread's values die with it"
assert local.__dict__ == {}
import contextvars

var = contextvars.ContextVar("var", default="default")
token = var.set("main")
values = []
t = threading.Thread(target=lambda: values.append(var.get()))
t.start()
t.join()
assert values in (["default"], ["main"]) and var.get() == "main"
var.reset(token)
assert var.get() == "default"
context = contextvars.copy_context()
context.run(var.set, "inside")
assert context[var] == "inside" and var.get() == "default"
