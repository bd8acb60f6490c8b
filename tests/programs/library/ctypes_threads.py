# ctypes: threads store objects and texts where others read them; what is read is alive.
import threading
from ctypes import *


class Storing:
    """Stores into an array when it dies."""

    def __del__(self):
        texts[3] = b"bytes of the dying"


objects, texts, wide = (py_object * 4)(), (c_char_p * 8)(), (c_wchar_p * 4)()
one, text = py_object([0, 0]), c_char_p(b"start")


def store():
    for i in range(2000):
        objects[i % 4] = [i]
        texts[i % 8] = b"bytes%d" % i
        wide[i % 4] = "text%d" % i
        one.value = [i, i]
        text.value = b"start%d" % i


def store_mortal():
    for i in range(400):
        objects[i % 4] = Storing()


def read():
    for i in range(2000):
        try:
            assert type(objects[i % 4]) in (list, Storing)
        except ValueError as error:
            assert str(error) == "PyObject is NULL"
        assert texts[i % 8] is None or texts[i % 8].startswith(b"bytes")
        assert wide[i % 4] is None or wide[i % 4].startswith("text")
        pair = one.value
        assert pair[0] == pair[1]
        assert text.value.startswith(b"start")


failures = []
threading.excepthook = lambda failure: failures.append(failure.exc_value)
threads = [threading.Thread(target=work) for work in (store, store, read, read, read, store_mortal)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not failures, failures
