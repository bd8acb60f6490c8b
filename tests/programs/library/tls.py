"""TLS: handshakes over memory and sockets, certificates that are refused, what connections tell."""

import os
import socket
import ssl
import threading

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_certificates")


def path(name):
    return os.path.join(FOLDER, name + ".pem")


def contexts(certificate="localhost", **settings):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path(certificate))
    client = ssl.create_default_context(cafile=path("authority"))
    for name, value in settings.items():
        setattr(client, name, value)
    return client, server


def over_memory(client, server, name="localhost", **settings):
    """The two ends of a handshake that is done, or what went wrong."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server, server_hostname=name, **settings)
    other = server.wrap_bio(to_server, to_client, server_side=True)
    waiting = [one, other]
    for _ in range(20):
        for end in list(waiting):
            try:
                end.do_handshake()
                waiting.remove(end)
            except ssl.SSLWantReadError:
                pass
        if not waiting:
            return one, other
    raise AssertionError("no end")


def failure(*args, **settings):
    try:
        over_memory(*args, **settings)
    except ssl.SSLError as error:
        verify = getattr(error, "verify_code", None), getattr(error, "verify_message", None)
        return type(error).__name__, error.library, error.reason, *verify
    return None


print("# memory")
one, other = over_memory(*contexts())
print(one.version(), other.version(), one.cipher() == other.cipher(), one.session_reused, one.server_side, other.server_side)
print(one.write(b"hello"), other.read(100), other.write(b"x" * 40000), one.pending())
print(sum(len(one.read(7000)) for _ in range(3)), one.pending() > 0)
received = bytearray(10)
print(one.read(4, received), received)
for key, value in sorted(one.getpeercert().items()):
    if not key.startswith("not"):
        print(key, value)
print(other.getpeercert(), len(one.getpeercert(True)), one.server_hostname, other.server_hostname)
print([len(chain) for chain in (one.get_verified_chain(), one.get_unverified_chain())])
print(ssl.cert_time_to_seconds(one.getpeercert()["notAfter"]) > 4e9)
while True:
    try:
        one.read(20000)
    except ssl.SSLWantReadError:
        break
for end in (one, other, one):
    try:
        print(end.unwrap())
    except ssl.SSLWantReadError as error:
        print(type(error).__name__, error.errno == ssl.SSL_ERROR_WANT_READ)
for end in (one, other):
    try:
        end.read(1)
    except ssl.SSLZeroReturnError as error:
        print(error.errno == ssl.SSL_ERROR_ZERO_RETURN)

print("# versions, protocols, names")
client, server = contexts(maximum_version=ssl.TLSVersion.TLSv1_2)
client.set_alpn_protocols(["h2", "http/1.1"])
server.set_alpn_protocols(["http/1.1", "spdy"])
client.set_ciphers("ECDHE+AESGCM")
one, other = over_memory(client, server, "www.example.test")
print(one.version(), one.selected_alpn_protocol(), other.selected_alpn_protocol(), one.cipher()[0])
one, other = over_memory(*contexts(), "127.0.0.1")
print(one.selected_alpn_protocol(), one.compression())
client, server = contexts()
asked = []


def choose(end, name, context):
    asked.append((type(end).__name__, end.server_side, name, context is server))
    end.context = second
    return {"no.example.test": ssl.ALERT_DESCRIPTION_ACCESS_DENIED}.get(name)


second = contexts()[1]
server.sni_callback = choose
one, other = over_memory(client, server, "yes.example.test")
print(asked, other.context is second)
print(failure(client, server, "no.example.test")[1:3])

print("# who is refused")
print(failure(*contexts(), "elsewhere.test"))
print(failure(*contexts(), "127.0.0.2"))
print(failure(*contexts("self_signed"), "localhost"))
client = ssl.create_default_context()
print(failure(client, contexts()[1], "localhost"))
client, server = contexts("self_signed")
client.load_verify_locations(path("self_signed"))
print(failure(client, server, "localhost"), failure(client, server, "self.test"))
client, server = contexts()
server.verify_mode = ssl.CERT_REQUIRED
server.load_verify_locations(path("authority"))
client.maximum_version = ssl.TLSVersion.TLSv1_2
print(failure(client, server)[:3])
client.load_cert_chain(path("localhost_encrypted"), password=lambda: "sesame")
one, other = over_memory(client, server)
print(dict(entry[0] for entry in other.getpeercert()["subject"]))
client, server = contexts(minimum_version=ssl.TLSVersion.TLSv1_3)
server.maximum_version = ssl.TLSVersion.TLSv1_2
print(failure(client, server) is not None)

print("# files")
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
for arguments in ((path("nowhere"),), (path("authority"),), (path("localhost"), path("self_signed")), (path("localhost_encrypted"), None, b"wrong")):
    try:
        context.load_cert_chain(*arguments)
    except OSError as error:
        print(type(error).__name__, getattr(error, "library", None), getattr(error, "reason", None))
with open(path("authority")) as file:
    text = file.read()
context.load_verify_locations(cadata=text)
context.load_verify_locations(cadata=ssl.PEM_cert_to_DER_cert(text))
print(context.cert_store_stats(), [sorted(found) for found in context.get_ca_certs()])
print(ssl.DER_cert_to_PEM_cert(context.get_ca_certs(True)[0]).split() == text.split())

print("# sockets")


def serve(listener, context, results):
    connection, _ = listener.accept()
    with context.wrap_socket(connection, server_side=True) as end:
        results.append(end.version())
        while data := end.recv(1000):
            end.sendall(data.upper())


client, server = contexts()
results = []
with socket.create_server(("127.0.0.1", 0)) as listener:
    thread = threading.Thread(target=serve, args=(listener, server, results))
    thread.start()
    with socket.create_connection(listener.getsockname(), timeout=60) as plain:
        with client.wrap_socket(plain, server_hostname="localhost") as end:
            size = 300_000
            # One thread writes while another reads: both ways are full.
            writer = threading.Thread(target=end.sendall, args=(b"abc" * (size // 3),))
            writer.start()
            total = 0
            while total < size:
                total += len(end.recv(65536))
            writer.join()
            print(total, end.version(), end.pending())
    thread.join()
print(results)

one, other = socket.socketpair()
one.settimeout(0.05)
try:
    client.wrap_socket(one, server_hostname="localhost")
except TimeoutError as error:
    print("timed out" in str(error))
one.close(), other.close()

one, other = socket.socketpair()
one.setblocking(False)
end = client.wrap_socket(one, server_hostname="localhost", do_handshake_on_connect=False)
try:
    end.do_handshake()
except ssl.SSLWantReadError:
    print("wants to read")
other.close()
try:
    end.do_handshake()
except (ssl.SSLEOFError, ConnectionResetError):
    print("is gone")
end.close()

one, other = socket.socketpair()
other.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
try:
    client.wrap_socket(one, server_hostname="localhost")
except ssl.SSLError as error:
    print(error.library, error.reason)
one.close(), other.close()
print(len(ssl.RAND_bytes(20)), ssl.RAND_status(), ssl._ssl.txt2obj("serverAuth", name=True))

print("# sessions")
client, server = contexts()
client.maximum_version = ssl.TLSVersion.TLSv1_2
one, other = over_memory(client, server)
again, _ = over_memory(client, server, session=one.session)
print(one.session_reused, again.session_reused)
# A server that does not know the session shows its certificate: it has to be good for the name of now.
_, stranger = contexts()
print(failure(client, stranger, name="elsewhere.invalid", session=one.session))
client.check_hostname = False
client.verify_mode = ssl.CERT_NONE
one, other = over_memory(client, server)
client.verify_mode = ssl.CERT_REQUIRED
client.check_hostname = True
print(failure(client, stranger, name="elsewhere.invalid", session=one.session))
