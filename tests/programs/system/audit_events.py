"""Audit hooks are told of what the interpreter does, and can refuse it."""

import gc
import marshal
import os
import socket
import sys
import tempfile
import threading
import time

told = []
wanted = ("os.", "open", "socket.", "gc.", "marshal.", "time.", "object.", "compile", "exec")
refuses = set()


def hook(event, arguments):
    if event in refuses:
        raise RuntimeError(f"{event} is refused")
    if event.startswith(wanted) and threading.current_thread() is threading.main_thread():
        told.append((event, arguments))


def tell(work):
    told.clear()
    result = work()
    seen = list(told)
    for event, arguments in seen:
        shown = [
            argument if isinstance(argument, (str, int, bytes, tuple, type(None))) else type(argument).__name__
            for argument in arguments
        ]
        print(event, *(str(one).replace(folder, "FOLDER") for one in shown))
    return result


class A:
    pass


class B:
    pass


class C(A):
    pass


with tempfile.TemporaryDirectory() as folder:
    sys.addaudithook(hook)
    path = folder + "/file"
    tell(lambda: os.mkdir(folder + "/inner", 0o700))
    tell(lambda: os.close(os.open(path, os.O_CREAT | os.O_WRONLY)) and None)
    tell(lambda: os.link(path, folder + "/linked"))
    tell(lambda: os.symlink("file", folder + "/symbolic"))
    tell(lambda: os.rename(folder + "/linked", folder + "/renamed"))
    tell(lambda: os.chmod(path, 0o600))
    tell(lambda: os.truncate(path, 3))
    tell(lambda: len(os.listdir(folder)))
    tell(lambda: os.scandir(folder).close())
    tell(lambda: os.remove(folder + "/renamed"))
    tell(lambda: os.rmdir(folder + "/inner"))
    tell(lambda: os.putenv("AUDITED", "1"))
    tell(lambda: os.unsetenv("AUDITED"))

    # A link of a symbolic link is one of what it points to, unless that is not wanted.
    os.link(folder + "/symbolic", folder + "/followed")
    os.link(folder + "/symbolic", folder + "/kept", follow_symlinks=False)
    print(os.path.islink(folder + "/followed"), os.path.islink(folder + "/kept"))

    tell(lambda: marshal.dumps((1, 2)) and None)
    tell(lambda: gc.get_referents(A) and None)
    tell(lambda: time.sleep(0))
    tell(lambda: setattr(C, "__name__", "D"))
    tell(lambda: setattr(C, "__bases__", (B,)))
    tell(lambda: setattr(A(), "__class__", B))
    tell(lambda: setattr(C, "plain", 1))
    tell(lambda: eval("1"))
    tell(lambda: compile("1", "name", "eval"))
    tell(lambda: socket.gethostname())
    with socket.socket() as server:
        tell(lambda: server.bind(("127.0.0.1", 0)))

    refuses.add("open")
    for work in (lambda: open(path), lambda: os.open(path, os.O_RDONLY)):
        try:
            work()
        except RuntimeError as error:
            print(error)
    refuses.clear()

# Hooks are not traced unless they want to be.
lines = []


class Hook:
    def __call__(self, event, arguments):
        pass


traced = Hook()
sys.addaudithook(traced)


def trace(frame, event, argument):
    if frame.f_code is Hook.__call__.__code__:
        lines.append(event)


sys.settrace(trace)
sys.audit("one")
traced.__cantrace__ = True
sys.audit("two")
sys.settrace(None)
print(lines)
