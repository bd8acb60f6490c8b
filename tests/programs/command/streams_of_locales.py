# How text goes through the streams, and whether UTF-8 mode is on, by locale and by what is asked for.
import os
import subprocess
import sys

program = "import sys; print(*[s.errors for s in (sys.stdin, sys.stdout, sys.stderr)], sys.flags.utf8_mode)"
for asked in [
    {}, {"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"LC_ALL": "C.UTF-8"}, {"LC_CTYPE": "C.UTF-8"}, {"LANG": "C.UTF-8"},
    {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}, {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": ":replace"}, {"PYTHONIOENCODING": ":"},
]:
    environment = {
        name: value for name, value in os.environ.items()
        if name not in ("LC_ALL", "LC_CTYPE", "LANG", "PYTHONUTF8", "PYTHONIOENCODING")
    }
    environment["PYTHONCOERCECLOCALE"] = "0"
    done = subprocess.run([sys.executable, "-c", program], env=environment | asked, capture_output=True, text=True)
    print(asked, done.stdout.strip(), done.stderr.strip())
