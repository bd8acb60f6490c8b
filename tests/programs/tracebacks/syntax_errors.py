# exit: 1
# Syntax errors with their line and caret.
import sys
import traceback

for source in [
    "x = (1 +\n", "print 'a'", "if x = 1: pass", "def f(:\n  pass", "for x in range(3) pass", "a = 'unterminated", "return 1", "x = 5 5", "class A\n  pass", "f(a=1, a=2)", "1 = x",
    "  indented", "if True:\nx = 1", "try:\n  pass\nx", "lambda: (yield", "{1: 2, 3}", "import a.b as", "del f()", "f'{a b}'", "nonlocal x", "def f():\n  x = 1\n  global x", "async def f():\n  await = 1", "break", "x = [1, 2", "'\\N{nothing}'", "else: pass", "a b c",
]:
    try:
        compile(source, "<source>", "exec")
    except SyntaxError as error:
        traceback.print_exception(error)
    else:
        print("compiled:", source, file=sys.stderr)
sys.exit(1)
