# sys, os, signal, subprocess, warnings, logging, argparse as programs use them.
import io
import os
import sys

assert sys.version_info[:2] == (3, 14)
assert sys.hexversion >> 16 == 0x30E
assert sys.maxsize == 2**63 - 1
assert sys.byteorder in ("little", "big")
assert sys.argv[0].endswith("sys_and_os.py")
assert sys.path[0] == os.path.dirname(os.path.abspath(__file__))
assert "sys" in sys.modules
assert "sys" in sys.builtin_module_names
assert sys.getdefaultencoding() == "utf-8"
assert sys.maxunicode == 0x10FFFF
assert sys.platform
assert sys.getrecursionlimit() == 1000
assert sys.int_info.bits_per_digit
assert sys.hash_info.modulus == 2**61 - 1
assert isinstance(sys.flags.optimize, int)
assert sys.executable
assert sys.getfilesystemencoding() == "utf-8"
assert sys.implementation.name
assert os.path.join("a", "b") == "a/b"
assert os.path.splitext("x.tar.gz") == ("x.tar", ".gz")
assert os.path.basename(__file__) == "sys_and_os.py"
assert os.getpid() > 0
assert os.path.isdir(os.getcwd())
assert os.path.normpath("a/../b//c") == "b/c"
assert os.path.relpath("/a/b", "/a") == "b"
assert os.sep == "/"
assert os.path.commonpath(["/a/b", "/a/c"]) == "/a"
assert os.fspath("p") == "p"
os.environ["TYPHON_TEST"] = "value"
assert os.environ.get("TYPHON_TEST") == "value" == os.getenv("TYPHON_TEST")
del os.environ["TYPHON_TEST"]
assert "TYPHON_TEST" not in os.environ
assert len(os.urandom(8)) == 8
assert os.cpu_count() >= 1
assert os.stat(__file__).st_size > 100
assert oct(os.stat(".").st_mode).startswith("0o4")
import subprocess

ran = subprocess.run(
    [
        sys.executable,
        "-c",
        "import sys; print(sys.argv[1:]); print('err', file=sys.stderr); sys.exit(3)",
        "a",
    ],
    capture_output=True,
    text=True,
)
assert ran.returncode == 3
assert ran.stdout == "['a']\n"
assert ran.stderr == "err\n"
assert subprocess.run(["cat"], input=b"bytes", stdout=subprocess.PIPE).stdout == b"bytes"
import signal

got = []
old = signal.signal(signal.SIGUSR1, lambda number, frame: got.append((number, frame is not None)))
os.kill(os.getpid(), signal.SIGUSR1)
signal.raise_signal(signal.SIGUSR1)
assert got == [(signal.SIGUSR1, True)] * 2
assert signal.getsignal(signal.SIGUSR1) is not old
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    got.append("interrupt")
assert got[-1] == "interrupt"
import warnings

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    warnings.warn("careful", DeprecationWarning)
assert str(caught[0].message) == "careful" and caught[0].category is DeprecationWarning
with warnings.catch_warnings():
    warnings.simplefilter("error")
    try:
        warnings.warn("now an error")
    except UserWarning as error:
        assert str(error) == "now an error"
import logging

stream = io.StringIO()
log = logging.getLogger("test.log")
handler = logging.StreamHandler(stream)
handler.setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(message)s"))
log.addHandler(handler)
log.propagate = False
log.debug("unseen")
log.warning("seen %s", 1)
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
lines = stream.getvalue().splitlines()
assert lines[0] == "WARNING:test.log:seen 1"
assert lines[1] == "ERROR:test.log:failed"
assert lines[-1] == "ZeroDivisionError: division by zero"
assert not log.isEnabledFor(logging.DEBUG)
import argparse

parser = argparse.ArgumentParser(prog="prog")
parser.add_argument("files", nargs="*")
parser.add_argument("-n", "--number", type=int, default=1)
parser.add_argument("--flag", action="store_true")
ns = parser.parse_args(["a", "b", "-n", "5", "--flag"])
assert ns.files == ["a", "b"]
assert ns.number == 5
assert ns.flag
from contextlib import redirect_stderr, redirect_stdout

with redirect_stderr(io.StringIO()) as err:
    try:
        parser.parse_args(["-n", "x"])
    except SystemExit as stop:
        assert stop.code == 2
assert "argument -n/--number: invalid int value: 'x'" in err.getvalue()
with redirect_stdout(io.StringIO()) as out:
    print("captured")
assert out.getvalue() == "captured\n"
import hashlib, zlib, random, secrets, uuid, struct

assert (
    hashlib.sha256(b"abc").hexdigest() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
)
assert hashlib.md5(b"").hexdigest() == "d41d8cd98f00b204e9800998ecf8427e"
assert hashlib.new("sha1", b"a").hexdigest() == "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"
assert hashlib.blake2b(b"", digest_size=4).hexdigest() == "1271cf25"
assert hashlib.sha3_256(b"").hexdigest().startswith("a7ffc6f8")
assert zlib.decompress(zlib.compress(b"a" * 1000)) == b"a" * 1000
assert zlib.crc32(b"a") == 3904355907
assert zlib.adler32(b"a") == 6422626
assert len(secrets.token_hex(4)) == 8
assert uuid.UUID(int=5).hex.endswith("5")
assert uuid.uuid4() != uuid.uuid4()
