"""An operating system in miniature: tasks of several classes pass packets to each other.

The workload that Martin Richards devised to compare languages, written anew: method
calls on objects of different classes, attribute reads and writes, linked lists.
"""

from _bench import Benchmark

IDLE, WORKER, HANDLER_A, HANDLER_B, DEVICE_A, DEVICE_B = range(6)
WORK, DATA = range(2)
WORDS = 4


class Packet:
    def __init__(self, link, identity, kind):
        self.link = link
        self.identity = identity
        self.kind = kind
        self.datum = 0
        self.words = [0] * WORDS

    def append_to(self, queue):
        """This packet at the end of a linked queue; gives the queue's new head."""
        self.link = None
        if queue is None:
            return self
        last = queue
        while last.link is not None:
            last = last.link
        last.link = self
        return queue


class Task:
    """A task may run unless it is held, or waits while its queue is empty."""

    def __init__(self, system, identity, priority, queue):
        self.system = system
        self.identity = identity
        self.priority = priority
        self.queue = queue
        self.held = False
        self.waiting = queue is None
        system.tasks[identity] = self
        self.link = system.first
        system.first = self

    def blocked(self):
        return self.held or (self.waiting and self.queue is None)

    def run_once(self):
        packet = None
        if self.waiting and self.queue is not None:
            packet = self.queue
            self.queue = packet.link
            self.waiting = False
        return self.step(packet)

    def receive(self, packet, sender):
        """Take a packet; whoever is more urgent runs next."""
        if self.queue is None:
            self.queue = packet
            packet.link = None
            if self.priority > sender.priority:
                return self
        else:
            packet.append_to(self.queue)
        return sender

    def wait(self):
        self.waiting = True
        return self

    def hold(self):
        self.system.holds += 1
        self.held = True
        return self.link

    def release(self, identity):
        task = self.system.tasks[identity]
        task.held = False
        return task if task.priority > self.priority else self

    def send(self, packet):
        target = self.system.tasks[packet.identity]
        self.system.sent += 1
        packet.link = None
        packet.identity = self.identity
        return target.receive(packet, self)


class IdleTask(Task):
    """Releases one device or the other, as a shift register says."""

    def __init__(self, system, identity, turns):
        super().__init__(system, identity, 0, None)
        self.waiting = False
        self.register = 1
        self.turns = turns

    def step(self, packet):
        self.turns -= 1
        if self.turns == 0:
            return self.hold()
        if self.register & 1:
            self.register = self.register >> 1 ^ 0xD008
            return self.release(DEVICE_B)
        self.register >>= 1
        return self.release(DEVICE_A)


class WorkerTask(Task):
    """Fills packets with letters and sends them to the handlers in turn."""

    def __init__(self, system, identity, priority, queue):
        super().__init__(system, identity, priority, queue)
        self.handler = HANDLER_A
        self.letter = 0

    def step(self, packet):
        if packet is None:
            return self.wait()
        self.handler = HANDLER_B if self.handler == HANDLER_A else HANDLER_A
        packet.identity = self.handler
        packet.datum = 0
        for index in range(WORDS):
            self.letter = self.letter % 26 + 1
            packet.words[index] = 64 + self.letter
        return self.send(packet)


class HandlerTask(Task):
    """Sends the words of work packets, one by one, through device packets."""

    def __init__(self, system, identity, priority, queue):
        super().__init__(system, identity, priority, queue)
        self.work = None
        self.devices = None

    def step(self, packet):
        if packet is not None:
            if packet.kind == WORK:
                self.work = packet.append_to(self.work)
            else:
                self.devices = packet.append_to(self.devices)
        work = self.work
        if work is not None:
            position = work.datum
            if position >= WORDS:
                self.work = work.link
                return self.send(work)
            device = self.devices
            if device is not None:
                self.devices = device.link
                device.datum = work.words[position]
                work.datum = position + 1
                return self.send(device)
        return self.wait()


class DeviceTask(Task):
    """Keeps a packet until the idle task releases the device."""

    def __init__(self, system, identity, priority, queue):
        super().__init__(system, identity, priority, queue)
        self.pending = None

    def step(self, packet):
        if packet is None:
            pending = self.pending
            if pending is None:
                return self.wait()
            self.pending = None
            return self.send(pending)
        self.pending = packet
        self.system.letters = (self.system.letters * 31 + packet.datum) % 1_000_003
        return self.hold()


class System:
    def __init__(self, turns):
        self.tasks = [None] * 6
        self.first = None
        self.holds = self.sent = self.letters = 0
        IdleTask(self, IDLE, turns)
        queue = Packet(Packet(None, WORKER, WORK), WORKER, WORK)
        WorkerTask(self, WORKER, 1000, queue)
        for handler, device, priority in (
            (HANDLER_A, DEVICE_A, 2000),
            (HANDLER_B, DEVICE_B, 3000),
        ):
            queue = None
            for _ in range(3):
                queue = Packet(queue, device, DATA)
            HandlerTask(self, handler, priority, queue)
        DeviceTask(self, DEVICE_A, 4000, None)
        DeviceTask(self, DEVICE_B, 5000, None)

    def run(self):
        task = self.first
        while task is not None:
            if task.blocked():
                task = task.link
            else:
                task = task.run_once()
        return self.holds, self.sent, self.letters


def main():
    bench = Benchmark()
    turns = bench.scaled(23_000)
    with bench:
        answers = bench.each(lambda turns: System(turns).run(), [turns] * 24)
    if len(set(answers)) != 1:
        raise ValueError("equal systems ended differently")
    bench.report(f"richards {turns}: {answers[0]}")


if __name__ == "__main__":
    main()
