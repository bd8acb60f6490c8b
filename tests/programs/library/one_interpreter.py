# What can be asked of the interpreters of a process.
from concurrent import interpreters

print(interpreters.get_main() is interpreters.get_current(), interpreters.list_all())
main = interpreters.get_main()
print(main.id, main.whence, main.is_running())
for act in (lambda: main.exec('1'), main.close):
    try:
        act()
    except interpreters.InterpreterError as error:
        print(type(error).__name__, error)
print([interpreters.is_shareable(it) for it in (None, 1, 'a', b'b', 2.5, (1, 2), [1], {})])
try:
    interpreters.Interpreter(77).is_running()
except interpreters.InterpreterNotFoundError as error:
    print(error)
