"""locale over the C library's: the plain locale's conventions, and what is refused."""

import _locale
import importlib.resources
import locale
import resource
import _sysconfig

print(locale.setlocale(locale.LC_NUMERIC, "C"), locale.setlocale(locale.LC_NUMERIC))
print(sorted((name, value) for name, value in locale.localeconv().items() if value not in (127, "")))
print(sorted(["b", "a", "C", "é"], key=locale.strxfrm), locale.strcoll("a", "b") < 0 < locale.strcoll("b", "a"))
print(locale.nl_langinfo(locale.RADIXCHAR), locale.nl_langinfo(locale.DAY_1), locale.nl_langinfo(locale.MON_12))
print(_locale.gettext("a message"), _locale.textdomain(None), _locale.dcgettext(None, "x", locale.LC_MESSAGES))
for call in [
    lambda: locale.setlocale(locale.LC_ALL, "no such locale"),
    lambda: locale.setlocale(12345),
    lambda: locale.setlocale(locale.LC_ALL, "a\0"),
    lambda: locale.strcoll("a\0", "a"),
    lambda: locale.strxfrm("a\0"),
    lambda: locale.nl_langinfo(-5),
    lambda: _locale.bindtextdomain("", None),
]:
    try:
        print(call())
    except Exception as error:
        print(type(error).__qualname__, error)

# Limits as they are set, above what is signed too.
_, hard = resource.getrlimit(resource.RLIMIT_CORE)
if hard == resource.RLIM_INFINITY:
    resource.setrlimit(resource.RLIMIT_CORE, (2**63, hard))
    assert resource.getrlimit(resource.RLIMIT_CORE) == (2**63, hard)
for limit in (2**64, -2):
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (limit, hard))
    except (OverflowError, ValueError) as error:
        print(type(error).__name__, error)
print(sorted(_sysconfig.config_vars()))

# Files of packages of the library.
package = importlib.resources.files("json")
print(package.is_dir(), "scanner.py" in [path.name for path in package.iterdir()], (package / "none").is_file())
print((package / "scanner.py").read_text().splitlines()[0], package.joinpath("scanner.py").name)
