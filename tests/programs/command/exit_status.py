# exit: 7
# sys.exit with a number ends with that status, after finally clauses and atexit functions, in the reverse order.
import atexit
import sys

atexit.register(print, "registered first")
atexit.register(print, "registered last")
try:
    sys.exit(7)
finally:
    print("finally")
