"""Python interface for the 'lsprof' profiler.
Compatible with the 'profile' module.
"""

__all__ = ["run", "runctx", "Profile"]

import _lsprof
import importlib.machinery
import importlib.util
import io
import profile as _profile


def run(statement, filename=None, sort=-1):
    return _profile._Utils(Profile).run(statement, filename, sort)


def runctx(statement, globals, locals, filename=None, sort=-1):
    return _profile._Utils(Profile).runctx(statement, globals, locals, filename, sort)


run.__doc__ = _profile.run.__doc__
runctx.__doc__ = _profile.runctx.__doc__


class Profile(_lsprof.Profiler):
    """Profile(timer=None, timeunit=None, subcalls=True, builtins=True)

    Builds a profiler object using the specified timer function.
    The default timer is a fast built-in one based on real time.
    For custom timer functions returning integers, timeunit can
    be a float specifying a scale (i.e. how long each integer unit
    is, in seconds).
    """

    def print_stats(self, sort=-1):
        import pstats
        keys = sort if isinstance(sort, tuple) else (sort,)
        pstats.Stats(self).strip_dirs().sort_stats(*keys).print_stats()

    def dump_stats(self, file):
        import marshal
        with open(file, 'wb') as output:
            self.create_stats()
            marshal.dump(self.stats, output)

    def create_stats(self):
        self.disable()
        self.snapshot_stats()

    def snapshot_stats(self):
        entries = self.getstats()
        self.stats = {}
        callers = {}
        # Functions of one label are shown as one.
        for entry in entries:
            key = label(entry.code)
            if key not in self.stats:
                self.stats[key] = (0, 0, 0, 0, callers.setdefault(key, {}))
            *numbers, known = self.stats[key]
            all_calls, first_calls, *seconds = _numbers(entry)
            numbers = _sum(numbers, (first_calls, all_calls, *seconds))
            self.stats[key] = (*numbers, known)
        for entry in entries:
            caller = label(entry.code)
            for call in entry.calls or ():
                known = callers.setdefault(label(call.code), {})
                known[caller] = _sum(known.get(caller, (0, 0, 0, 0)), _numbers(call))

    def run(self, cmd):
        import __main__
        namespace = __main__.__dict__
        return self.runctx(cmd, namespace, namespace)

    def runctx(self, cmd, globals, locals):
        self.enable()
        try:
            exec(cmd, globals, locals)
        finally:
            self.disable()
        return self

    def runcall(self, func, /, *args, **kw):
        self.enable()
        try:
            return func(*args, **kw)
        finally:
            self.disable()

    def __enter__(self):
        self.enable()
        return self

    def __exit__(self, *exc_info):
        self.disable()


def _numbers(entry):
    """Calls, calls that are no recursion, seconds inside, seconds in all: as pstats orders them."""
    calls = entry.callcount
    return calls, calls - entry.reccallcount, entry.inlinetime, entry.totaltime


def _sum(some, others):
    return tuple(map(lambda one, other: one + other, some, others))


def label(code):
    if isinstance(code, str):
        # A function that is not written in Python has no file.
        return ('~', 0, code)
    return (code.co_filename, code.co_firstlineno, code.co_name)


def main():
    import os
    import runpy
    import sys
    from optparse import OptionParser
    import pstats

    parser = OptionParser(
        usage="cProfile.py [-o output_file_path] [-s sort] [-m module | scriptfile] [arg] ...")
    parser.allow_interspersed_args = False
    parser.add_option('-o', '--outfile', dest="outfile", default=None,
                      help="Save stats to <outfile>")
    parser.add_option('-s', '--sort', dest="sort", default=2,
                      choices=sorted(pstats.Stats.sort_arg_dict_default),
                      help="Sort order when printing to stdout, based on pstats.Stats class")
    parser.add_option('-m', dest="module", action="store_true", default=False,
                      help="Profile a library module")
    if not sys.argv[1:]:
        parser.print_usage()
        sys.exit(2)
    options, args = parser.parse_args()
    sys.argv[:] = args
    # The script may change the working directory.
    if options.outfile is not None:
        options.outfile = os.path.abspath(options.outfile)
    if not args:
        parser.print_usage()
        return parser

    if options.module:
        code = "run_module(modname, run_name='__main__')"
        namespace = {'run_module': runpy.run_module, 'modname': args[0]}
    else:
        script = args[0]
        sys.path.insert(0, os.path.dirname(script))
        with io.open_code(script) as file:
            code = compile(file.read(), script, 'exec')
        spec = importlib.machinery.ModuleSpec(name='__main__', loader=None, origin=script)
        module = importlib.util.module_from_spec(spec)
        # `import __main__`, in the script or in what unpickles its objects, finds the script.
        sys.modules['__main__'] = module
        namespace = module.__dict__
        namespace.update({'__spec__': None, '__file__': script, '__name__': spec.name,
                          '__package__': None, '__cached__': None})
    try:
        runctx(code, namespace, None, options.outfile, options.sort)
    except BrokenPipeError as error:
        # Nobody reads what is printed: nothing is left to flush at the exit.
        sys.stdout = None
        sys.exit(error.errno)
    return parser


if __name__ == '__main__':
    main()
