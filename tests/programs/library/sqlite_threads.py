"""sqlite3: threads that share a connection, with callbacks of every kind, beside connections of their own.

CPython 3.14 may wait for ever here, as it asks for limits with its thread attached: what it prints is what it
prints when each thread is joined before the next is started.
"""

import gc
import sqlite3
import tempfile
import threading
from pathlib import Path

THREADS = 4
ROUNDS = 40
shared = sqlite3.connect(":memory:", check_same_thread=False, cached_statements=3)
shared.execute("create table n(thread, i, text)")


class Total:
    def __init__(self):
        self.total = 0

    def step(self, value):
        self.total += value

    def inverse(self, value):
        self.total -= value

    def value(self):
        return self.total

    finalize = value


def again(value):
    """A callback that uses the connection that it is called from, and leaves a cursor on a row behind."""
    cursor = shared.execute("select ? union select -1", (value,))
    return max(value, cursor.fetchone()[0])


def apart(value):
    """A callback that opens and drops a whole connection, with a callable that only it has."""
    other = sqlite3.connect(":memory:")
    other.create_function("more", 1, lambda value: value + 1)
    return other.execute("select more(?)", (value,)).fetchone()[0] - 1


shared.create_function("again", 1, again)
shared.create_function("apart", 1, apart)
shared.create_aggregate("total_of", 1, Total)
shared.create_window_function("moving", 1, Total)
shared.create_collation("backwards", lambda one, other: (one < other) - (one > other))
shared.set_authorizer(lambda *what: sqlite3.SQLITE_OK)
shared.set_progress_handler(lambda: 0, 100)
counts = {"told": 0}
lock = threading.Lock()


def told(statement):
    with lock:
        counts["told"] += 1


shared.set_trace_callback(told)
failures = []
start = threading.Barrier(THREADS)


def guarded(work):
    def run(number):
        try:
            start.wait()
            work(number)
        except BaseException as error:
            failures.append((type(error).__name__, str(error)))
            raise

    return run


@guarded
def together(number):
    for i in range(ROUNDS):
        shared.execute("insert into n values(?, again(?), ?)", (number, i, str(i % 7)))
        rows = shared.execute("select i from n where thread = ? order by text collate backwards, i", (number,)).fetchall()
        assert len(rows) == i + 1, rows
        total, = shared.execute("select total_of(apart(i)) from n where thread = ?", (number,)).fetchone()
        assert total == i * (i + 1) // 2, (total, i)
        # Statements that are on a row when their cursor goes, with a window function that is not at its end.
        moving = shared.execute("select moving(i) over (order by i rows 1 preceding) from n where thread = ?", (number,))
        assert moving.fetchone() == (0,)
        del moving
        # Each has the message of its own error.
        wrong = f"nowhere_{number}_{i}"
        try:
            shared.execute(f"select * from {wrong}")
        except sqlite3.OperationalError as error:
            assert str(error) == f"no such table: {wrong}", error
        else:
            raise AssertionError(wrong)
        if i % 10 == number:
            shared.commit()
            shared.create_function(f"passing_{number}_{i}", 0, lambda: [i])
            gc.collect()


def run(work):
    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


run(together)
print(failures, counts["told"] > THREADS * ROUNDS)
shared.commit()
print(shared.execute("select count(*), sum(i), count(distinct thread) from n").fetchone())


# One cursor: who comes second is told so.
cursor = shared.cursor()
refused = []


@guarded
def one_cursor(number):
    for i in range(ROUNDS):
        try:
            cursor.execute("select again(i) from n").fetchone()
        except sqlite3.ProgrammingError as error:
            refused.append(str(error))


run(one_cursor)
print(failures, set(refused) <= {"Recursive use of cursors not allowed."})
cursor.close()


# A connection each, on one file: writers wait for each other.
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "numbers")
    with sqlite3.connect(path) as first:
        first.execute("create table n(thread, i)")
    first.close()

    @guarded
    def alone(number):
        own = sqlite3.connect(path, timeout=600, isolation_level="IMMEDIATE")
        own.create_function("same", 1, lambda value: value)
        for i in range(ROUNDS // 4):
            with own:
                own.execute("insert into n values(?, same(?))", (number, i))
        own.close()

    run(alone)
    last = sqlite3.connect(path)
    print(failures, last.execute("select thread, count(*), sum(i) from n group by thread order by thread").fetchall())
    last.close()

# The connection is closed by one thread while others use it: they end with the error that says so.
ended = []


@guarded
def until_closed(number):
    for i in range(ROUNDS):
        if number == 0 and i == ROUNDS // 2:
            shared.close()
        try:
            shared.execute("select again(?)", (i,)).fetchall()
        except sqlite3.ProgrammingError as error:
            ended.append(str(error))
        except sqlite3.OperationalError as error:
            # The callback has found the connection closed.
            assert str(error) == "user-defined function raised exception", error


run(until_closed)
print(failures, set(ended))
