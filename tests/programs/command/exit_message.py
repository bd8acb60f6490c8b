# exit: 1
# SystemExit with a text prints it on standard error and ends with 1.
import sys

sys.exit("the reason")
