# readline on a terminal: keys edit the line that input() returns, in the manner of GNU readline; history, completion,
# bindings and hooks do what programs ask for. A second process edits on a pseudo-terminal; it tells through a pipe
# when it is ready for keys, and what it has read.
import os
import pty
import select
import signal
import sys
import tempfile

CHILD = r"""
import os, readline, sys
report = os.fdopen(int(sys.argv[1]), "w", buffering=1)
def ready():
    report.write("ready\n")
readline.set_pre_input_hook(ready)
def tell(*values):
    report.write("told " + " ".join(map(ascii, values)) + "\n")
def read(prompt="> "):
    try:
        tell(input(prompt))
    except (EOFError, KeyboardInterrupt) as error:
        tell(type(error).__name__, *error.args)
"""


def session(name, code, *lines):
    """Runs code in a process on a terminal; each of the lines is typed when the process asks for one."""
    reports, writer = os.pipe()
    os.set_inheritable(writer, True)
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm", INPUTRC=os.devnull, COLUMNS="80", LINES="24", LC_ALL="C.UTF-8")
        os.execv(sys.executable, [sys.executable, "-c", CHILD + code, str(writer)])
    os.close(writer)
    print(name)
    waiting = list(lines)
    text = b""
    while True:
        readable, _, _ = select.select([reports, terminal], [], [], 60)
        if not readable:
            os.kill(child, signal.SIGKILL)
            print("    stuck")
            break
        if terminal in readable:
            try:
                os.read(terminal, 4096)
            except OSError:
                pass  # The process has gone; its reports are still there.
        if reports in readable:
            data = os.read(reports, 4096)
            if not data:
                break
            text += data
            *finished, text = text.split(b"\n")
            for line in finished:
                if line == b"ready":
                    os.write(terminal, waiting.pop(0))
                else:
                    print("   ", line.decode().removeprefix("told "))
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:
        pass  # The process has let go of it.
    os.close(terminal)
    os.close(reports)
    _, status = os.waitpid(child, 0)
    if status or waiting:
        print("    ended with", status, waiting)


UP, DOWN, LEFT, RIGHT, DELETE = b"\x1b[A", b"\x1b[B", b"\x1b[D", b"\x1b[C", b"\x1b[3~"

session("typing", "read()", b"hello\r")
session("other characters", "read()", "日本語é\x02\x02x\r".encode())
session("moving", "read()", b"hello\x01X\x05Y" + LEFT + LEFT + b"--" + RIGHT + b"!\r")
session("words", "read()", b"one two three\x1bb\x1bbX\x1bfY\r")
session("deleting", "read()", b"abcdef\x01\x04" + DELETE + RIGHT + b"\x08\x05\x7f\r")
session("killing and yanking", "read()", b"one two three\x17\x17\x01\x19|\x05\x19\r")
session("killing to the end", "read()", b"one two\x01\x1bf\x0b\x01\x19 \x15\x19\r")
session("undoing", "read()", b"one two\x17\x1f\r")
session("case", "read()", b"one two three\x01\x1bu\x1bc\x1bl\r")
session("transposing", "read()", b"abdc\x14 one two\x1bt\r")
session("a quoted character", "read()", b"a\x16\x01b\r")
session("the end", "read(); read()", b"\x04", b"ab\x01\x04\r")
session("the interrupt", "read(); read()", b"lost\x03", b"kept\r")

session("history", "for _ in range(5): read()\ntell(readline.get_current_history_length(), readline.get_history_item(4))",
        b"first\r", b"second\r", UP + UP + b"!\r", UP + UP + UP + DOWN + b"?\r", b"\x10\x0e\r")
session("the same line twice", "for _ in range(3): read()\ntell(readline.get_current_history_length())",
        b"same\r", b"same\r", b"other\r")
session("history by programs", "readline.add_history('added')\nreadline.set_auto_history(False)\nread(); read()\n"
        "tell(readline.get_current_history_length())", UP + b"\r", b"typed\r")
session("searching", "for _ in range(3): read()\ntell(readline.get_history_item(3))",
        b"import this\r", b"print(1)\r", b"\x12imp\x05!\r")

COMPLETE = r"""
readline.parse_and_bind("tab: complete")
def complete(text, state):
    words = [word for word in ("apple", "apply", "banana", "a.b") if word.startswith(text)]
    if state == 0:
        tell(text, readline.get_line_buffer(), readline.get_begidx(), readline.get_endidx())
    return words[state] if state < len(words) else None
readline.set_completer(complete)
"""
session("completing", COMPLETE + "read()", b"x b\t\r")
session("a common beginning", COMPLETE + "read()", b"app\te\r")
session("in the middle", COMPLETE + "read()", b"b\t x\x01\x06\x06\x06\x06\x06\x06\x02\t\r")
session("nothing fits", COMPLETE + "read()", b"zzz\t\r")
session("delimiters", COMPLETE + "readline.set_completer_delims(' ')\nread()", b"x(b\t (b\t\r")
session("a list of what fits", COMPLETE + """
def show(common, matches, longest):
    tell(common, matches, longest)
readline.set_completion_display_matches_hook(show)
read()
""", b"app\t\t\r")
session("a completer that raises", """
readline.parse_and_bind("tab: complete")
readline.set_completer(lambda text, state: 1 / 0)
read()
""", b"abc\t\r")
session("a tab without a binding", "read()", b"a\tb\r")

session("bindings", r"""
readline.parse_and_bind('Control-o: "macro"')
readline.parse_and_bind(r'"\C-xq": beginning-of-line')
readline.parse_and_bind(r'"\ez": "\C-e<\x41\102>"')
readline.parse_and_bind('# a comment')
read()
""", b"a\x0fb\x18q[\x1bz\r")
session("an init file", r"""
import tempfile
with tempfile.NamedTemporaryFile("w", suffix=".rc") as file:
    file.write('$if Python\n"\\C-o": "python"\n$else\n"\\C-o": "other"\n$endif\n$if bash\n"\\C-o": "bash"\n$endif\n')
    file.flush()
    readline.read_init_file(file.name)
read()
""", b"\x0f\r")
session("hooks", r"""
readline.set_startup_hook(lambda: readline.insert_text("before "))
read()
readline.set_startup_hook(None)
read()
""", b"typed\r", b"typed\r")
session("a prompt with colours", "read('\\x01\\x1b[31m\\x02> \\x01\\x1b[0m\\x02')", b"abc" + LEFT + b"X\r")
session("a prompt of lines", "read('first\\nsecond> ')", b"abc\r")
session("a long line", "read('x' * 70)", b"0123456789" * 12 + b"\x01<\x05>\r")

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "history")
    session("files", f"path = {path!r}" + r"""
for line in ("one", "two", "three"):
    readline.add_history(line)
readline.write_history_file(path)
readline.add_history("four")
readline.append_history_file(1, path)
tell(open(path).read())
readline.clear_history()
readline.read_history_file(path)
tell([readline.get_history_item(index) for index in range(6)])
readline.set_history_length(2)
readline.write_history_file(path)
tell(open(path).read(), readline.get_history_length())
readline.replace_history_item(0, "1")
readline.remove_history_item(1)
tell([readline.get_history_item(index) for index in range(1, 5)])
for function, arguments in ((readline.remove_history_item, (9,)), (readline.remove_history_item, (-1,)),
                            (readline.replace_history_item, (9, "")), (readline.append_history_file, (-1,)),
                            (readline.read_history_file, (path + "/x",)), (readline.set_completer, (5,)),
                            (readline.add_history, (5,)), (readline.add_history, ("\0",)),
                            (readline.read_init_file, (path + "-not",))):
    try:
        function(*arguments)
    except Exception as error:
        tell(function.__name__, type(error).__name__, str(error))
tell(readline.get_completer_delims(), readline.backend)
""")
