# sqlite3 warns of arguments that will have to be given by position, and refuses what does not fit.
import inspect
import sqlite3
import warnings

warnings.simplefilter("always")
warnings.showwarning = lambda message, category, *where: print(f"{category.__name__}: {message}")


def call(method, *arguments, **keywords):
    try:
        print(method.__name__, method(*arguments, **keywords))
    except Exception as error:
        print(method.__name__, type(error).__name__, error)


connection = sqlite3.connect(":memory:")
call(connection.create_function, "one", 1, lambda value: value + 1)
call(connection.create_function, "one", 1, lambda value: value + 1, deterministic=True)
call(connection.create_function, "one", 1, func=lambda value: value + 1)
call(connection.create_function, name="one", narg=1, func=lambda value: value + 2)
print(connection.execute("SELECT one(1)").fetchone())
call(connection.create_function, "one", "1", len)
call(connection.create_function, 1, 1, len)
call(connection.create_aggregate, "all", 1, aggregate_class=int)
call(connection.create_aggregate, name="all", n_arg=1, aggregate_class=int)
call(connection.create_aggregate, "all", None, int)
call(connection.set_authorizer, None)
call(connection.set_authorizer, authorizer_callback=None)
call(connection.set_progress_handler, None, 1)
call(connection.set_progress_handler, None, n=1)
call(connection.set_progress_handler, progress_handler=None, n=1)
call(connection.set_progress_handler, None, "1")
call(connection.set_trace_callback, None)
call(connection.set_trace_callback, trace_callback=None)
for name in ("create_function", "create_aggregate", "set_authorizer", "set_progress_handler", "set_trace_callback"):
    print(name, inspect.signature(getattr(connection, name)))
connection.close()
call(connection.set_trace_callback, trace_callback=None)
