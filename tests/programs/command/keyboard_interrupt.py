# exit: 130
# An uncaught KeyboardInterrupt ends the process as the signal would.
import os
import signal

os.kill(os.getpid(), signal.SIGINT)
while True:
    pass
