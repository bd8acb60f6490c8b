# The modules of the standard library that programs use most can be imported and are what they say.
import importlib

for name in """
abc argparse array ast asyncio atexit base64 bisect bz2 calendar cmath cmd code codecs collections collections.abc
colorsys concurrent.futures configparser contextlib contextvars copy copyreg csv dataclasses datetime decimal difflib dis
email.message enum errno faulthandler fileinput fnmatch fractions ftplib functools gc getopt getpass gettext glob graphlib gzip
hashlib heapq hmac html html.parser http http.client importlib importlib.metadata importlib.resources inspect io ipaddress itertools json keyword
linecache locale logging logging.handlers lzma mailbox marshal math mimetypes numbers operator os os.path pathlib pdb pickle pkgutil platform
plistlib pprint profile pstats pydoc queue quopri random re reprlib runpy sched secrets select selectors shelve shlex shutil signal
site socket socketserver sqlite3 ssl stat statistics string string.templatelib stringprep struct subprocess symtable sys sysconfig tarfile tempfile
textwrap threading time timeit token tokenize tomllib trace traceback tracemalloc types typing unicodedata unittest unittest.mock
urllib.parse urllib.request uuid warnings wave weakref xml.etree.ElementTree zipfile zlib zoneinfo
""".split():
    if name in ("plistlib", "sqlite3", "ssl"):
        continue  # may be left out of a build: expat, SQLite, OpenSSL
    module = importlib.import_module(name)
    assert module.__name__.split(".")[-1] in (name.split(".")[-1], "posixpath"), name
