# A child of fork ends as it says: by falling off the end, sys.exit, an exception, with what it buffered
# written once; atexit functions run in it; a fork in a thread makes that thread the main one.
import atexit
import os
import sys
import threading
import warnings

warnings.simplefilter("ignore", DeprecationWarning)


def status_of(child):
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        child()
        sys.exit()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def failing():
    sys.stderr = None
    raise ValueError("in the child")


parent = os.getpid()
atexit.register(lambda: os.getpid() != parent and os._exit(os_exit) if os_exit else None)
os_exit = None
print(status_of(lambda: None))
print(status_of(lambda: sys.exit(5)))
print(status_of(lambda: sys.exit("")))
print(status_of(failing))
print(status_of(lambda: os._exit(7)))
os_exit = 9
print(status_of(lambda: sys.exit(3)))
os_exit = None


def in_a_thread():
    def child():
        assert threading.current_thread() is threading.main_thread()
        assert threading.active_count() == 1
        os._exit(4)

    results.append(status_of(child))


results = []
waiting = threading.Event()
other = threading.Thread(target=waiting.wait)
other.start()
thread = threading.Thread(target=in_a_thread)
thread.start()
thread.join()
waiting.set()
other.join()
print(results)
