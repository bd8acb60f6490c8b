# New processes: pipes, exit statuses, errors of the child, descriptors, locks on files.
import fcntl
import grp
import os
import pwd
import signal
import subprocess
import tempfile
import threading

print(subprocess.check_output(["echo", "hi"]))
done = subprocess.run(["sh", "-c", "cat; exit 3"], input=b"abc", capture_output=True)
print(done.returncode, done.stdout, done.stderr)
for arguments, options in (
    (["/nonexistent"], {}),
    (["ls"], {"cwd": "/nonexistent"}),
    (["true"], {"preexec_fn": lambda: 1 / 0}),
):
    try:
        subprocess.run(arguments, **options)
    except (OSError, subprocess.SubprocessError) as error:
        print(type(error).__name__, error)
shell = subprocess.run(
    ["sh", "-c", "echo $VALUE; pwd; umask"],
    env={"VALUE": "1"}, cwd="/", umask=0o27, capture_output=True, preexec_fn=lambda: os.write(1, b"before\n"),
)
print(shell.stdout)

# Nothing but what is named is inherited.
end, other = os.pipe()
os.set_inheritable(other, True)
closed = subprocess.run(["sh", "-c", f"echo x >&{other}"], stderr=subprocess.DEVNULL)
assert closed.returncode != 0
subprocess.run(["sh", "-c", f"echo x >&{other}"], pass_fds=[other])
assert os.read(end, 2) == b"x\n"

sleeper = subprocess.Popen(["sleep", "100"], start_new_session=True)
try:
    sleeper.wait(0.05)
except subprocess.TimeoutExpired as error:
    print(error)
sleeper.kill()
print(sleeper.wait() == -signal.SIGKILL)

# Many threads start processes at once.
results = []


def start(number):
    for _ in range(5):
        results.append(int(subprocess.check_output(["echo", str(number)])) == number)


threads = [threading.Thread(target=start, args=(n,)) for n in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(results == [True] * 20)

with tempfile.TemporaryFile() as one:
    fcntl.lockf(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(one, fcntl.LOCK_SH)
    flags = fcntl.fcntl(one, fcntl.F_GETFD)
    assert flags & fcntl.FD_CLOEXEC
assert pwd.getpwuid(os.getuid()) == pwd.getpwnam(pwd.getpwuid(os.getuid()).pw_name)
assert grp.getgrgid(0).gr_gid == 0
for wrong in (lambda: pwd.getpwnam("no such user"), lambda: grp.getgrgid(987654321)):
    try:
        wrong()
    except KeyError as error:
        print(error)
