# What interrupts a loop is raised on the loop's line, also when the loop begins the code.
import signal


class Interrupted(Exception):
    pass


def interrupt(number, frame):
    raise Interrupted


signal.signal(signal.SIGALRM, interrupt)
SOURCES = {
    "at the start": "while True: pass",
    "after a line": "x = 1\nwhile True:\n    pass",
    "in a function": "def spin():\n    while True:\n        x = 1\nspin()",
}
for name, source in SOURCES.items():
    code = compile(source, name, "exec")
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        exec(code, {})
    except Interrupted as error:
        place = error.__traceback__
        while place.tb_next and place.tb_next.tb_frame.f_code.co_filename == name:
            place = place.tb_next
        print(name, place.tb_lineno > 0)
