"""One sqlite3 connection for all threads, and one for each on one database: no row lost or doubled."""

import os
import sqlite3
import tempfile

import _scenario

ROWS = 25


def scenario(round):
    shared = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    shared.execute("create table numbers (thread integer, number integer, text text)")
    shared.create_function("twice", 1, lambda number: 2 * number, deterministic=True)
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "database")
    with sqlite3.connect(path, autocommit=True) as first:
        first.execute("pragma journal_mode = memory")
        first.execute("pragma synchronous = off")
        first.execute("create table numbers (thread integer, number integer)")
    first.close()

    def work(index, numbers):
        for number in range(ROWS):
            match numbers.below(3):
                case 0 | 1:
                    shared.execute("insert into numbers values (?, ?, ?)", (index, number, f"{index}"))
                case 2:
                    rows = [(index, number, f"{index}")]
                    shared.executemany("insert into numbers values (?, ?, ?)", rows)
            if numbers.below(4) == 0:
                select = "select twice(number), text from numbers where thread = ?"
                for twice, text in shared.execute(select, (index,)):
                    assert twice % 2 == 0 and text == f"{index}"
        own = sqlite3.connect(path, timeout=120, autocommit=True)
        for number in range(3):
            own.execute("insert into numbers values (?, ?)", (index, number))
        own.close()

    round.together(work)
    expected = sorted((index, number) for index in range(round.threads) for number in range(ROWS))
    found = shared.execute("select thread, number from numbers order by 1, 2").fetchall()
    assert found == expected, "a row was lost or doubled"
    with sqlite3.connect(path) as last:
        count = last.execute("select count(*) from numbers").fetchone()
    last.close()
    assert count == (3 * round.threads,)

    cursor = shared.execute("select number from numbers")

    def fetch(index, numbers):
        taken = []
        try:
            while row := cursor.fetchone():
                taken.append(row[0])
        except sqlite3.Error:
            # Recursive or concurrent use of one cursor is refused.
            pass
        return taken

    taken = [number for part in round.together(fetch) for number in part]
    assert len(taken) <= len(expected) and set(taken) <= set(range(ROWS))

    def close(index, numbers):
        for _ in range(20):
            try:
                if numbers.below(60) == 0:
                    shared.close()
                (count,) = shared.execute("select count(*) from numbers").fetchone()
                assert count == len(expected)
            except sqlite3.ProgrammingError as error:
                assert "closed" in str(error), error

    round.together(close)
    shared.close()
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))
    os.rmdir(folder)


_scenario.run(scenario)
