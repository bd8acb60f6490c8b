# A signal that the system gives to another thread is served by the main one, and by then nothing of it is
# still on its way: the handler may be taken away at once.
import signal
import threading
import time

served = 0
stop = threading.Event()


def handler(number, frame):
    global served
    served += 1
    signal.signal(number, signal.SIG_DFL)
    assert threading.current_thread() is threading.main_thread()


def spin():
    count = 0
    while not stop.is_set():
        count += 1


workers = [threading.Thread(target=spin) for _ in range(3)]
for worker in workers:
    worker.start()
rounds = 200
for turn in range(rounds):
    signal.signal(signal.SIGUSR1, handler)
    before = served
    signal.pthread_kill(workers[turn % 3].ident, signal.SIGUSR1)
    while served == before:
        time.sleep(0.0001)
print(served == rounds)

# A signal that the main thread blocks is served all the same when another thread gets it.
signal.signal(signal.SIGUSR2, handler)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
before = served
signal.pthread_kill(workers[0].ident, signal.SIGUSR2)
while served == before:
    time.sleep(0.0001)
print(served - before)
stop.set()
for worker in workers:
    worker.join()
