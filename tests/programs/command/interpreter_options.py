# The command line: -c, -m, -, -O, -W, -X, -E, -I, -V and their effects, in child processes.
import os
import subprocess
import sys
import tempfile


def run(*arguments, stdin="", env=None):
    environment = {**os.environ, **(env or {})}
    done = subprocess.run(
        [sys.executable, *arguments], input=stdin, capture_output=True, text=True, env=environment
    )
    return done.stdout, done.stderr, done.returncode


assert run("-c", "import sys; print(sys.argv, __name__)", "a", "-b") == (
    "['-c', 'a', '-b'] __main__\n",
    "",
    0,
)
assert run("-", "x", stdin="import sys\nprint(sys.argv)") == ("['-', 'x']\n", "", 0)
assert run(stdin="print(1 + 1)") == ("2\n", "", 0)
assert run("-c", "1/0")[2] == 1 and run("-c", "import sys; sys.exit(4)")[2] == 4
assert run("-O", "-c", "assert False; print(__debug__)") == ("False\n", "", 0)
assert run("-OO", "-c", "def f(): 'doc'\nprint(f.__doc__)") == ("None\n", "", 0)
assert run("-W", "error", "-c", "import warnings; warnings.warn('x')")[2] == 1
assert run("-I", "-c", "import sys; print(sys.flags.isolated, sys.flags.ignore_environment)") == (
    "1 1\n",
    "",
    0,
)
assert run(
    "-X", "key=value", "-X", "flag", "-c", "import sys; print(sys._xoptions['key'], sys._xoptions['flag'])"
) == ("value True\n", "", 0)
assert "3.14" in run("-V")[0]
assert run("-c", "x = 1\nx +\n")[2] == 1 and "SyntaxError" in run("-c", "x +")[1]
assert run("no_such_file.py")[2] == 2
assert run("-m", "no_such_module")[2] == 1
assert run("-m", "json.tool", "--compact", stdin='{"a": [1, 2]}')[0] == '{"a":[1,2]}\n'
assert run("-B", "-c", "import sys; print(sys.dont_write_bytecode)")[0] == "True\n"
assert (
    run(
        "-E",
        "-c",
        "import sys; print('PYTHONPATH_MARK' in ''.join(sys.path))",
        env={"PYTHONPATH": "/PYTHONPATH_MARK"},
    )[0]
    == "False\n"
)
assert (
    run("-c", "import sys; print('/PYTHONPATH_MARK' in sys.path)", env={"PYTHONPATH": "/PYTHONPATH_MARK"})[0]
    == "True\n"
)
assert run("-u", "-c", "import os; print('a'); os._exit(0)")[0] == "a\n"
with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "__main__.py"), "w") as file:
        file.write("import sys, beside\nprint('package main', sys.argv[0] == sys.path[0] or sys.path[0])")
    with open(os.path.join(folder, "beside.py"), "w") as file:
        file.write("")
    assert run(folder)[0].startswith("package main")
    broken = os.path.join(folder, "latin.py")
    with open(broken, "wb") as file:
        file.write(b"x = '\xe9'\n")
    out, err, code = run(broken)
    assert code == 1 and "Non-UTF-8 code starting with" in err, err
    with open(broken, "wb") as file:
        file.write(b"# -*- coding: latin-1 -*-\nprint(ascii('\xe9'))\n")
    assert run(broken)[0] == "'\\xe9'\n"
assert run("-c", "print(input() + input())", stdin="a\nb\n")[0] == "ab\n"
assert "KeyboardInterrupt" in run("-c", "raise KeyboardInterrupt")[1]
