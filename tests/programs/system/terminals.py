# A terminal's settings: read, changed, put back; its size.
import os
import pty
import termios
import tty

main, end = pty.openpty()
before = termios.tcgetattr(end)
assert len(before) == 7 and len(before[6]) == termios.NCCS
tty.setraw(end)
raw = termios.tcgetattr(end)
assert not raw[3] & (termios.ECHO | termios.ICANON)
assert (raw[6][termios.VMIN], raw[6][termios.VTIME]) == (1, 0)
termios.tcsetattr(end, termios.TCSANOW, before)
assert termios.tcgetattr(end) == before
termios.tcsetwinsize(end, (10, 20))
assert termios.tcgetwinsize(main) == (10, 20)
assert os.get_terminal_size(end) == (20, 10)
for wrong in (
    lambda: termios.tcgetattr("a"),
    lambda: termios.tcgetattr(os.open("/dev/null", os.O_RDONLY)),
    lambda: termios.tcsetattr(end, termios.TCSANOW, [1]),
    lambda: termios.tcsetwinsize(end, 3),
):
    try:
        wrong()
    except (TypeError, termios.error) as error:
        print(type(error), error)
