# One pickler in the hands of many threads: one dumps, the others are told so. Nothing is lost or mixed.
import io
import pickle
import threading

THREADS = 4
ROUNDS = 200


class Pickler(pickle.Pickler):
    def persistent_id(self, object):
        return None


class Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        return super().find_class(module, name)


class Point:
    def __init__(self, x):
        self.x = x


def run(work):
    barrier = threading.Barrier(THREADS)
    failures = []

    def body(index):
        barrier.wait()
        try:
            for step in range(ROUNDS):
                work(index, step)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=body, args=(index,)) for index in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


# Each write is one whole pickle, whoever made it.
written = []
refused = []


class File:
    def write(self, data):
        written.append(bytes(data))


pickler = Pickler(File(), 4)


def dump(index, step):
    try:
        pickler.dump([index, step, {"point": (index, step)}])
        pickler.clear_memo()
    except RuntimeError as error:
        assert str(error) == "Pickler object is already used"
        refused.append(index)


run(dump)
assert len(written) + len(refused) == THREADS * ROUNDS
assert written

# The memo may be looked at, copied and cleared all the while.
busy = Pickler(io.BytesIO(), 4)


def look(index, step):
    try:
        if index == 0:
            busy.dump([Point(n) for n in range(20)])
        elif index == 1:
            busy.clear_memo()
        elif index == 2:
            busy.memo.copy()
        else:
            busy.memo = {}
    except RuntimeError as error:
        assert "used" in str(error)
    except KeyError:
        pass


run(look)

# Objects that all threads pickle and unpickle on their own.
shared = {"points": [Point(n) for n in range(10)], "text": ["x" * 10] * 5}


def round_trip(index, step):
    back = pickle.loads(pickle.dumps(shared, step % 6))
    assert [point.x for point in back["points"]] == list(range(10))
    assert back["text"] == shared["text"]


run(round_trip)

# One unpickler: a stream of pickles, each of which goes to one thread.
stream = io.BytesIO(b"".join(pickle.dumps(("item", n)) for n in range(THREADS * ROUNDS)))
unpickler = Unpickler(stream)
taken = []


def load(index, step):
    try:
        taken.append(unpickler.load())
    except RuntimeError as error:
        assert str(error) == "Unpickler object is already used"
    except EOFError:
        pass


run(load)
assert taken and all(name == "item" for name, _ in taken)
assert sorted(number for _, number in taken) == list(range(len(taken)))
