"""The prompt on a terminal: editing, history, completion, Ctrl-C, Ctrl-D, and what follows a program."""

import errno
import os
import pty
import re
import select
import sys
import tempfile
import time

UP = "\x1bOA"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z@]|\x1b[=>]")


class Prompt:
    """An interpreter at the other end of a terminal."""

    def __init__(self, *arguments, **environment):
        self.text = ""
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.environ.update(TERM="xterm", PYTHON_COLORS="0", COLUMNS="80", LINES="24")
            os.environ.update(environment)
            os.execv(sys.executable, [sys.executable, *arguments])

    def expect(self, pattern):
        """Reads until the pattern appears in what is shown. What is before it is forgotten."""
        end = time.monotonic() + 60
        while not (found := re.search(pattern, self.text)):
            ready, _, _ = select.select([self.terminal], [], [], end - time.monotonic())
            assert ready, f"{pattern!r} does not come: {self.text!r}"
            try:
                data = os.read(self.terminal, 4096)
            except OSError as error:
                assert error.errno == errno.EIO
                data = b""
            assert data, f"ended before {pattern!r}: {self.text!r}"
            self.text = CONTROL.sub("", self.text + data.decode())
        self.text = self.text[found.end() :]

    def say(self, text, *patterns):
        os.write(self.terminal, text.encode())
        for pattern in patterns:
            self.expect(pattern)

    def end(self, status=0):
        while True:
            try:
                if not os.read(self.terminal, 4096):
                    break
            except OSError:
                break
        _, ended = os.waitpid(self.process, 0)
        assert os.waitstatus_to_exitcode(ended) == status, ended
        os.close(self.terminal)


with tempfile.TemporaryDirectory() as folder:
    history = os.path.join(folder, "history")
    program = os.path.join(folder, "program.py")
    with open(program, "w") as file:
        file.write("answer = 41\nprint('the program ran')\n")

    # Lines, a block, the line before, the end of the input.
    prompt = Prompt(PYTHON_HISTORY=history)
    prompt.expect(r"\n>>> ")
    prompt.say("6 * 7\r", r"[\r\n]42\r\n", ">>> ")
    prompt.say("def double(x):\r", r"\.\.\.     ")
    prompt.say("return 2 * x\r\r", ">>> ")
    prompt.say("double(33)\r", r"[\r\n]66\r\n", ">>> ")
    prompt.say(UP, r"double\(33\)")
    prompt.say("\r", r"[\r\n]66\r\n", ">>> ")
    prompt.say("prin\t", r"print\(")
    prompt.say("'completed')\r", r"[\r\n]completed\r\n", ">>> ")
    prompt.say("1 / 0\r", "ZeroDivisionError: division by zero", ">>> ")
    # Each statement is in the file before the next prompt is shown.
    with open(history) as file:
        lines = file.read()
    assert "6 * 7\ndef double(x):\n" in lines and "\ndouble(33)\n" in lines, lines
    # Ctrl-C at the prompt, and while a statement waits.
    prompt.say("not finished\x03", "KeyboardInterrupt", ">>> ")
    prompt.say("import time; print('waits'); time.sleep(600)\r", r"[\r\n]waits\r\n")
    prompt.say("\x03", "KeyboardInterrupt", ">>> ")
    prompt.say("\x04")
    prompt.end()
    with open(history) as file:
        lines = file.read()
    assert "def double(x):\n" in lines and "\ndouble(33)\n" in lines, lines

    # What was typed before is there again; leaving with a status.
    prompt = Prompt("-q", PYTHON_HISTORY=history)
    prompt.expect(r">>> ")
    prompt.say(UP, "time.sleep")
    prompt.say("\x03", "KeyboardInterrupt", ">>> ")
    prompt.say("raise SystemExit(3)\r")
    prompt.end(3)

    # After a program, with its names.
    prompt = Prompt("-i", program, PYTHON_HISTORY=history)
    prompt.expect("the program ran")
    prompt.expect(">>> ")
    prompt.say("answer + 1\r", r"[\r\n]42\r\n", ">>> ")
    prompt.say("exit\r")
    prompt.end()

    # A start-up file, whose names are the prompt's.
    prompt = Prompt(PYTHON_HISTORY=history, PYTHONSTARTUP=program)
    prompt.expect("the program ran")
    prompt.expect(">>> ")
    prompt.say("answer + 2\r", r"[\r\n]43\r\n", ">>> ")
    prompt.say("\x04")
    prompt.end()

    # Without editing: because it is asked for, or because the terminal cannot do it.
    for environment in ({"PYTHON_BASIC_REPL": "1"}, {"TERM": "dumb"}):
        prompt = Prompt(PYTHON_HISTORY=history, **environment)
        if environment.get("TERM"):
            prompt.expect("can't use pyrepl")
        prompt.expect(">>> ")
        prompt.say("def triple(x):\r", r"\.\.\. ")
        prompt.say("    return 3 * x\r", r"\.\.\. ")
        prompt.say("\r", ">>> ")
        prompt.say("triple(\r", r"\.\.\. ")
        time.sleep(0.3)  # For a prompt that is shown before interrupts of it are caught.
        prompt.say("\x03", "KeyboardInterrupt", ">>> ")
        prompt.say("triple(11)\r", r"[\r\n]33\r\n", ">>> ")
        prompt.say("2)\r", 'File "<stdin>", line 1', "unmatched '\\)'", ">>> ")
        prompt.say("exit()\r")
        prompt.end()

    # The prompt of asyncio.
    prompt = Prompt("-m", "asyncio", PYTHON_HISTORY=history)
    prompt.expect(r">>> import asyncio\r\n>>> ")
    prompt.say("await asyncio.sleep(0, 'slept')\r", r"[\r\n]'slept'\r\n", ">>> ")
    prompt.say("exit()\r", "exiting asyncio REPL")
    prompt.end()
