# Decimal literals have as many digits as sys.set_int_max_str_digits() says.
import ast
import sys

source = "first = 1\nsecond = " + "3" * 700


def attempt(work):
    try:
        work(source)
        print("fine")
    except SyntaxError as error:
        print(error.lineno, error.msg)


attempt(lambda text: compile(text, "<digits>", "exec"))
sys.set_int_max_str_digits(650)
attempt(lambda text: compile(text, "<digits>", "exec"))
attempt(ast.parse)
sys.set_int_max_str_digits(0)
source = "second = " + "3" * 5000
attempt(lambda text: compile(text, "<digits>", "exec"))
attempt(ast.parse)
