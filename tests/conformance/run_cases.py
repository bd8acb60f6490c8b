"""Run one module of CPython's tests and say how each of its cases ended.

usage: run_cases.py MODULE

One line a case on standard output, '@@KIND ID', and '@@end' after the last one. Tracebacks of failures
are on standard error.
"""

import signal
import sys
import unittest

# Reasons to skip a case that name CPython's own business.
OWN_BUSINESS = (
    "implementation detail", "cpython", "_testcapi", "_testinternalcapi", "_testlimitedcapi", "_testbuffer",
    "_testmultiphase", "c api", "c accelerat",
)


def tools_in_use():
    """The numbers of the tools that watch execution."""
    return {tool for tool in range(6) if sys.monitoring.get_tool(tool) is not None}


class Reporter(unittest.TextTestResult):

    def say(self, kind, case):
        sys.stderr.flush()
        sys.__stdout__.write(f"\n@@{kind} {case.id()}\n")
        sys.__stdout__.flush()

    def startTest(self, case):
        super().startTest(case)
        self.tools = tools_in_use()

    def stopTest(self, case):
        super().stopTest(case)
        # A case that is skipped while it is set up is not torn down, and would fail all that use its tool.
        for tool in tools_in_use() - self.tools:
            sys.monitoring.free_tool_id(tool)

    def addSuccess(self, case):
        self.say("ok", case)

    def addSkip(self, case, reason):
        reason = str(reason).lower()
        own = any(word in reason for word in OWN_BUSINESS)
        self.say("own" if own else "skip", case)

    def addExpectedFailure(self, case, error):
        self.say("expected", case)

    def addUnexpectedSuccess(self, case):
        self.say("ok", case)

    def addFailure(self, case, error):
        super().addFailure(case, error)
        self.say("failure", case)

    def addError(self, case, error):
        super().addError(case, error)
        self.say("error", case)

    def addSubTest(self, case, part, error):
        super().addSubTest(case, part, error)
        if error is not None:
            self.say("part", case)


def main():
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        # Jobs in the background are born ignoring it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    module = sys.argv.pop(1)
    try:
        from test import support
        support.use_resources = {}
    except Exception:
        pass  # The cases will say what is wrong.
    suite = unittest.defaultTestLoader.loadTestsFromName("test." + module)
    unittest.TextTestRunner(stream=sys.stderr, resultclass=Reporter, verbosity=0).run(suite)
    sys.__stdout__.write("\n@@end\n")
    sys.__stdout__.flush()


main()
