# Sockets: streams, datagrams, timeouts, descriptors that travel, names, waiting for several.
import errno
import os
import select
import socket
import struct
import threading

a, b = socket.socketpair()
a.sendall(b"hello")
assert b.recv(10) == b"hello"
assert a.fileno() >= 0 and not os.get_inheritable(a.fileno())

server = socket.create_server(("127.0.0.1", 0))
received = []


def client():
    with socket.create_connection(server.getsockname()) as connection:
        connection.sendall(b"x" * 1_000_000)
        connection.shutdown(socket.SHUT_WR)
        received.append(len(connection.makefile("rb").read()))


thread = threading.Thread(target=client)
thread.start()
connection, address = server.accept()
assert connection.getpeername() == address
total = 0
while chunk := connection.recv(65536):
    total += len(chunk)
connection.sendall(b"y" * 500_000)
connection.close()
thread.join()
server.close()
assert (total, received) == (1_000_000, [500_000])

# Timeouts and what does not block.
a.settimeout(0.05)
try:
    a.recv(1)
    raise AssertionError
except TimeoutError as error:
    assert error.args == ("timed out",)
a.setblocking(False)
try:
    a.recv(1)
    raise AssertionError
except BlockingIOError as error:
    assert error.errno == errno.EAGAIN
assert (a.gettimeout(), b.gettimeout()) == (0.0, None)

# A thread that waits is woken by what another sends.
a.settimeout(None)
woken = []
thread = threading.Thread(target=lambda: woken.append(a.recv(4)))
thread.start()
b.send(b"wake")
thread.join()
assert woken == [b"wake"]

# Waiting for several.
assert select.select([a], [b], [], 0.01) == ([], [b], [])
b.send(b"1")
poll = select.poll()
poll.register(a)
assert poll.poll(1000) == [(a.fileno(), select.POLLIN | select.POLLOUT)]
with select.epoll() as epoll:
    epoll.register(a, select.EPOLLIN)
    assert epoll.poll(1) == [(a.fileno(), select.EPOLLIN)]
assert epoll.closed
a.recv(1)

# Descriptors travel.
ends = os.pipe()
a.sendmsg([b"f"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", ends[1]))])
data, control, flags, address = b.recvmsg(10, socket.CMSG_SPACE(8))
(copy,) = struct.unpack("i", control[0][2])
assert (data, len(control), address) == (b"f", 1, None)
os.write(copy, b"through")
assert os.read(ends[0], 10) == b"through"

memory = bytearray(6)
b.send(b"into")
assert a.recv_into(memory) == 4 and memory == b"into\0\0"

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
    datagrams.bind(("127.0.0.1", 0))
    datagrams.sendto(b"q", datagrams.getsockname())
    assert datagrams.recvfrom(10) == (b"q", datagrams.getsockname())
    datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    assert datagrams.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) == 1
assert datagrams.fileno() == -1

assert socket.inet_aton("127.1") == b"\x7f\0\0\x01"
assert socket.inet_ntop(socket.AF_INET6, bytes(15) + b"\x01") == "::1"
assert socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM) == [
    (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))
]
for wrong in (
    lambda: socket.socket().bind(3),
    lambda: socket.socket().bind(("", 70000)),
    lambda: socket.socket().settimeout(-1),
    lambda: socket.getaddrinfo(None, None),
    lambda: socket.socket(fileno=-1),
    lambda: socket.inet_pton(socket.AF_INET, "x"),
    lambda: socket.create_connection(("127.0.0.1", 1)),
):
    try:
        wrong()
    except (OSError, ValueError, TypeError, OverflowError) as error:
        print(type(error).__name__, error)
a.close()
b.close()
