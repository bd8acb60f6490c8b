# sys._current_frames and settrace/setprofile of threads.
import sys
import threading

ready, stop = threading.Event(), threading.Event()


def waiting():
    marker = "here"
    ready.set()
    stop.wait()


t = threading.Thread(target=waiting)
t.start()
ready.wait()
frames = sys._current_frames()
names, frame = [], frames[t.ident]
while frame:
    names.append(frame.f_code.co_name)
    frame = frame.f_back
assert "waiting" in names and threading.get_ident() in frames
stop.set()
t.join()
events = []


def traced():
    x = 1
    return x


threading.settrace(lambda frame, event, arg: events.append((frame.f_code.co_name, event)))
t = threading.Thread(target=traced)
t.start()
t.join()
threading.settrace(None)
assert ("traced", "call") in events
calls = []
threading.setprofile(lambda frame, event, arg: calls.append(event))
t = threading.Thread(target=traced)
t.start()
t.join()
threading.setprofile(None)
assert "call" in calls and "return" in calls
