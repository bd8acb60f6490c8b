"""A socket that nobody closed warns when it dies; what goes wrong with the warning's text is of no interest."""

import gc
import socket
import sys
import warnings

reported = []
sys.unraisablehook = lambda unraisable: reported.append(unraisable.exc_type.__name__)


class Unshowable(socket.socket):
    def __repr__(self):
        raise ValueError("no text")


for action in ["error", "ignore"]:
    warnings.simplefilter(action, ResourceWarning)
    for kind in [socket.socket, Unshowable]:
        unclosed = kind()
        number = unclosed.fileno()
        del unclosed
        gc.collect()
        print(action, kind.__name__, reported)
        reported.clear()
        # The descriptor is closed all the same.
        try:
            socket.socket(fileno=number)
        except OSError as error:
            print(error.strerror)

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    unclosed = socket.socket()
    del unclosed
    gc.collect()
print([warning.category.__name__ for warning in caught], reported)
