"""sqlite3: statements, types, rows, transactions, callbacks, errors, threads."""

import datetime
import sqlite3
import threading

connection = sqlite3.connect(":memory:")
connection.execute("create table t(a integer primary key, b text, c real, d blob)")
cursor = connection.executemany("insert into t(b, c, d) values(?, ?, ?)", [("x", 1.5, b"1"), ("y", None, None)])
print(cursor.rowcount, connection.total_changes, connection.in_transaction)
for row in connection.execute("select * from t"):
    print(row)
print(connection.execute("select 1 as a, 'b' as c").description)
connection.row_factory = sqlite3.Row
row = connection.execute("select a, b as B from t where b = :n", {"n": "y"}).fetchone()
print(row.keys(), row["b"], row[0], tuple(row), len(row), row == row)
connection.row_factory = None
connection.commit()
print(connection.in_transaction)

connection.create_function("twice", 1, lambda value: value * 2, deterministic=True)
print(connection.execute("select twice(21), twice('ab')").fetchone())


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


connection.create_aggregate("total_of", 1, Total)
print(connection.execute("select total_of(a) from t").fetchone())
connection.create_window_function("moving", 1, Total)
print(connection.execute("select moving(a) over (order by a rows 1 preceding) from t").fetchall())
connection.create_collation("backwards", lambda one, other: (one < other) - (one > other))
print(connection.execute("select b from t order by b collate backwards").fetchall())
connection.set_authorizer(lambda action, *names: sqlite3.SQLITE_DENY if names[0] == "t" and action == sqlite3.SQLITE_DELETE else sqlite3.SQLITE_OK)
connection.create_function("broken", 0, lambda: 1 / 0)
for statement in ("delete from t", "insert into t(a) values(1)", "selec", "select * from nowhere", "select broken()",
                  "select 1; select 2", "select ?"):
    try:
        connection.execute(statement)
    except sqlite3.Error as error:
        print(type(error).__name__, error, getattr(error, "sqlite_errorname", None))
connection.set_authorizer(None)
connection.rollback()
told = []
connection.set_trace_callback(told.append)
connection.execute("select ?", ("traced",)).fetchall()
connection.set_trace_callback(None)
print(told)
connection.set_progress_handler(lambda: 1, 10)
try:
    connection.execute("with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n")
except sqlite3.OperationalError as error:
    print(error)
connection.set_progress_handler(None, 0)
print(*connection.iterdump(), sep="\n")
try:
    with connection:
        connection.execute("delete from t")
        raise KeyError
except KeyError:
    print(connection.execute("select count(*) from t").fetchone())
connection.executescript("create table u(x); insert into u values(1); insert into u values(2);")
print(connection.execute("select x from u").fetchmany(5))


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __conform__(self, protocol):
        return f"{self.x};{self.y}" if protocol is sqlite3.PrepareProtocol else None


sqlite3.register_converter("point", lambda text: tuple(map(int, text.split(b";"))))
sqlite3.register_adapter(datetime.date, datetime.date.isoformat)
typed = sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES, autocommit=False)
typed.execute("create table p(p point, d text)")
typed.execute("insert into p values(?, ?)", (Point(3, 4), datetime.date(2026, 11, 21)))
print(typed.execute("select p, d, '5;6' as \"p [point]\" from p").fetchall(), typed.in_transaction)
typed.commit()
copy = sqlite3.connect(":memory:")
copy.deserialize(typed.serialize())
print(copy.execute("select * from p").fetchall())
copy.text_factory = bytes
print(copy.execute("select d from p").fetchone())
typed.close()
try:
    typed.execute("select 1")
except sqlite3.ProgrammingError as error:
    print(error)

# A connection stays in its thread unless it may leave it; then threads share it.
def elsewhere(work):
    result = []

    def run():
        try:
            result.append(work())
        except sqlite3.Error as error:
            result.append(type(error).__name__)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return result[0]


print(elsewhere(lambda: connection.execute("select 1")))
shared = sqlite3.connect(":memory:", check_same_thread=False)
shared.execute("create table n(i)")
shared.create_function("add_one", 1, lambda value: value + 1)


def fill():
    for number in range(100):
        shared.execute("insert into n values(add_one(?))", (number,))


threads = [threading.Thread(target=fill) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(shared.execute("select count(*), sum(i) from n").fetchone())
