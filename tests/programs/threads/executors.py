# ThreadPoolExecutor: order of map, futures, callbacks, cancel, exceptions, initializer, wait.
from concurrent.futures import ThreadPoolExecutor, as_completed, wait, FIRST_COMPLETED, CancelledError, Future
import threading
import time

with ThreadPoolExecutor(max_workers=4) as pool:
    assert list(pool.map(lambda x: x * x, range(50))) == [x * x for x in range(50)]
    assert list(pool.map(pow, [2, 3], [3, 2])) == [8, 9]
    futures = {pool.submit(time.sleep, 0.001 * (5 - i)): i for i in range(5)}
    assert sorted(futures[f] for f in as_completed(futures)) == list(range(5))
    f = pool.submit(divmod, 7, 2)
    assert f.result(timeout=10) == (3, 1)
    assert f.done()
    assert not f.cancelled()
    assert f.exception() is None
    called = []
    f = pool.submit(lambda: 5)
    f.add_done_callback(lambda future: called.append(future.result()))
    f.result()
gate = threading.Event()
with ThreadPoolExecutor(max_workers=1) as pool:
    running = pool.submit(gate.wait)
    waiting = pool.submit(lambda: None)
    assert waiting.cancel() and waiting.cancelled()
    try:
        waiting.result()
    except CancelledError:
        pass
    try:
        running.result(timeout=0.01)
    except TimeoutError:
        pass
    finished = Future()
    finished.set_result(None)
    done, not_done = wait([running, finished], return_when=FIRST_COMPLETED)
    gate.set()
assert done == {finished} and not_done == {running}
assert called == [5] and running.result() is True
names = []
with ThreadPoolExecutor(
    2, thread_name_prefix="pre", initializer=lambda: names.append(threading.current_thread().name)
) as pool:
    list(pool.map(lambda _: time.sleep(0.01), range(4)))
assert names and all(n.startswith("pre_") for n in names)
try:
    pool.submit(len, "")
except RuntimeError as error:
    assert str(error) == "cannot schedule new futures after shutdown"


def bad(x):
    if x == 2:
        raise ValueError(x)
    return x


with ThreadPoolExecutor(2) as pool:
    got = []
    try:
        for value in pool.map(bad, range(4)):
            got.append(value)
    except ValueError as error:
        assert error.args == (2,)
    assert got == [0, 1]
future = Future()
future.set_result(1)
try:
    future.set_result(2)
except Exception as error:
    assert type(error).__name__ == "InvalidStateError"
