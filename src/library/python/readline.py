"""Importing this module enables command line editing in the manner of GNU readline."""

# What programs see is the interface of the library reference. `input()` and the basic prompt ask `_input` for a line
# when they are on a terminal and this module has been imported.
#
#   history         `_history`, the lines; files with one line each
#   key bindings    `_bindings`: key sequences to commands (by name) or macros (in a tuple); `parse_and_bind`
#   `_Editor`       one line being edited: the commands are its methods, with the names that init files use
#   `_Screen`       the terminal: raw mode, where the cursor is, drawing
#
# One thread edits at a time: `_editing` is held from the prompt to the end of the line. The hooks and the completer
# run in the thread that edits.

import os as _os
import sys as _sys
from _thread import RLock as _RLock

backend = "readline"
_READLINE_VERSION = 0x0803
_READLINE_RUNTIME_VERSION = 0x0803
_READLINE_LIBRARY_VERSION = "8.3"

_DELIMITERS = " \t\n`~!@#$%^&*()-=+[{]}\\|;:'\",<>/?"


class _Settings:
    """What programs and init files set."""

    completer = None
    delimiters = _DELIMITERS
    startup_hook = None
    pre_input_hook = None
    display_hook = None
    auto_history = True
    history_length = -1
    init_file = None
    # Variables of init files.
    variables = {
        "bell-style": "audible",
        "completion-ignore-case": "off",
        "completion-query-items": "100",
        "disable-completion": "off",
        "history-size": "-1",
        "show-all-if-ambiguous": "off",
        "show-all-if-unmodified": "off",
    }


# Variables that are known and of no consequence.
_OTHER_VARIABLES = frozenset("""
active-region-end-color active-region-start-color bind-tty-special-chars blink-matching-paren byte-oriented
colored-completion-prefix colored-stats comment-begin completion-display-width completion-map-case
completion-prefix-display-length convert-meta echo-control-characters editing-mode emacs-mode-string
enable-active-region enable-bracketed-paste enable-keypad enable-meta-key expand-tilde history-preserve-point
horizontal-scroll-mode input-meta isearch-terminators keymap keyseq-timeout mark-directories mark-modified-lines
mark-symlinked-directories match-hidden-files menu-complete-display-prefix meta-flag output-meta page-completions
prefer-visible-bell print-completions-horizontally revert-all-at-newline search-ignore-case skip-completed-text
vi-cmd-mode-string vi-ins-mode-string visible-stats
""".split())

_settings = _Settings()
_editing = _RLock()
_history = []
# The line that is, or was last, edited.
_editor = None


def _text(string):
    if not isinstance(string, str):
        raise TypeError("bad argument type for built-in operation")
    if "\0" in string:
        raise ValueError("embedded null character")
    return string


def _index(number):
    from operator import index
    return index(number)


# History

def add_history(string, /):
    """Add an item to the history buffer."""
    _history.append(_text(string))
    size = _number("history-size")
    if size >= 0:
        del _history[:max(len(_history) - size, 0)]


def clear_history():
    """Clear the current readline history."""
    _history.clear()


def get_current_history_length():
    """Return the current (not the maximum) length of history."""
    return len(_history)


def get_history_item(index, /):
    """Return the current contents of history item at one-based index."""
    index = _index(index)
    try:
        return _history[index - 1] if index > 0 else None
    except IndexError:
        return None


def remove_history_item(pos, /):
    """Remove history item given by its zero-based position."""
    pos = _index(pos)
    if pos < 0:
        raise ValueError("History index cannot be negative")
    try:
        del _history[pos]
    except IndexError:
        raise ValueError(f"No history item at position {pos}") from None


def replace_history_item(pos, line, /):
    """Replaces history item given by its position with contents of line.

pos is zero-based."""
    pos = _index(pos)
    if not isinstance(line, str):
        raise TypeError(f"replace_history_item() argument 2 must be str, not {type(line).__name__}")
    if pos < 0:
        raise ValueError("History index cannot be negative")
    try:
        _history[pos] = line
    except IndexError:
        raise ValueError(f"No history item at position {pos}") from None


def set_auto_history(enabled, /):
    """Enables or disables automatic history."""
    _settings.auto_history = bool(enabled)


def get_history_length():
    """Return the maximum number of lines that will be written to the history file."""
    return _settings.history_length


def set_history_length(length, /):
    """Set the maximal number of lines which will be written to the history file.

A negative length is used to inhibit history truncation."""
    _settings.history_length = _index(length)


def _history_file(filename):
    if filename is None:
        return _os.path.join(_os.path.expanduser("~"), ".history")
    return _os.fspath(filename)


def _open(path, flags):
    try:
        return open(path, "rb+", opener=lambda path, _: _os.open(path, flags | _os.O_CLOEXEC, 0o600))
    except OSError as error:
        # As the C library's functions tell it: without the name.
        raise OSError(error.errno, error.strerror) from None


def _encoding():
    encoding = getattr(_sys.__stdin__, "encoding", None)
    return encoding or "utf-8"


def _read_lines(path):
    with _open(path, _os.O_RDONLY) as file:
        data = file.raw.readall()
    lines = data.split(b"\n")
    # What no newline ends is no line.
    return [line.removesuffix(b"\r") for line in lines[:-1]]


def read_history_file(filename=None, /):
    """Load a readline history file.

The default filename is ~/.history."""
    for line in _read_lines(_history_file(filename)):
        if line:
            add_history(line.decode(_encoding(), "surrogateescape").replace("\0", ""))


def _write_lines(path, flags, lines):
    with _open(path, flags | _os.O_RDWR) as file:
        text = "".join(f"{line}\n" for line in lines)
        file.seek(0, _os.SEEK_END)
        file.write(text.encode(_encoding(), "surrogateescape"))
        file.flush()
        if _settings.history_length >= 0:
            file.seek(0)
            kept = file.read().splitlines(keepends=True)
            kept = kept[max(len(kept) - _settings.history_length, 0):]
            file.seek(0)
            file.truncate()
            file.writelines(kept)


def write_history_file(filename=None, /):
    """Save a readline history file.

The default filename is ~/.history."""
    _write_lines(_history_file(filename), _os.O_CREAT | _os.O_TRUNC, list(_history))


def append_history_file(nelements, filename=None, /):
    """Append the last nelements items of the history list to file.

The default filename is ~/.history."""
    nelements = _index(nelements)
    if nelements < 0:
        raise ValueError("nelements must be non-negative")
    lines = list(_history)
    _write_lines(_history_file(filename), 0, lines[max(len(lines) - nelements, 0):])


# Hooks and completion

def _callable_or_none(name, function):
    if function is not None and not callable(function):
        raise TypeError(f"{name}(func): argument not callable")
    return function


def set_completer(function=None, /):
    """Set or remove the completer function.

The function is called as function(text, state),
for state in 0, 1, 2, ..., until it returns a non-string.
It should return the next possible completion starting with 'text'."""
    _settings.completer = _callable_or_none("set_completer", function)


def get_completer():
    """Get the current completer function."""
    return _settings.completer


def set_completer_delims(string, /):
    """Set the word delimiters for completion."""
    _settings.delimiters = _text(string)


def get_completer_delims():
    """Get the word delimiters for completion."""
    return _settings.delimiters


def set_completion_display_matches_hook(function=None, /):
    """Set or remove the completion display function.

The function is called as
  function(substitution, [matches], longest_match_length)
once each time matches need to be displayed."""
    _settings.display_hook = _callable_or_none("set_completion_display_matches_hook", function)


def set_startup_hook(function=None, /):
    """Set or remove the function invoked by the rl_startup_hook callback.

The function is called with no arguments just
before readline prints the first prompt."""
    _settings.startup_hook = _callable_or_none("set_startup_hook", function)


def set_pre_input_hook(function=None, /):
    """Set or remove the function invoked by the rl_pre_input_hook callback.

The function is called with no arguments after the first prompt
has been printed and just before readline starts reading input
characters."""
    _settings.pre_input_hook = _callable_or_none("set_pre_input_hook", function)


def get_completion_type():
    """Get the type of completion being attempted."""
    return _current().completion_type


def get_begidx():
    """Get the beginning index of the completion scope."""
    return _current().begin


def get_endidx():
    """Get the ending index of the completion scope."""
    return _current().end


def get_line_buffer():
    """Return the current contents of the line buffer."""
    return "".join(_current().buffer)


def insert_text(string, /):
    """Insert text into the line buffer at the cursor position."""
    _current().insert(_text(string))


def redisplay():
    """Change what's displayed on the screen to reflect contents of the line buffer."""
    _current().draw()


def _current():
    global _editor
    editor = _editor
    if editor is None:
        editor = _editor = _Editor(None, "")
    return editor


def _call_hook(hook, *arguments):
    if hook is not None:
        try:
            hook(*arguments)
        except Exception:
            pass  # There is nobody who could be told.


# Init files

_KEY_NAMES = {
    "del": "\x7f", "rubout": "\x7f", "esc": "\x1b", "escape": "\x1b", "lfd": "\n", "newline": "\n", "ret": "\r",
    "return": "\r", "spc": " ", "space": " ", "tab": "\t",
}
_ESCAPES = {
    "a": "\a", "b": "\b", "d": "\x7f", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}


def _control(character):
    return "\x7f" if character == "?" else chr(ord(character.upper()) & 0x1f)


def _unescape(text):
    """What a key sequence or a macro in quotes stands for."""
    result = []
    at = 0
    prefix = ""
    while at < len(text):
        if text.startswith(("\\C-", "\\M-"), at):
            prefix += text[at + 1]
            at += 3
            continue
        character = text[at]
        at += 1
        if character == "\\" and at < len(text):
            character = text[at]
            at += 1
            if character in "01234567":
                end = at
                while end < min(len(text), at + 2) and text[end] in "01234567":
                    end += 1
                character = chr(int(text[at - 1:end], 8) & 0xff)
                at = end
            elif character == "x" and at < len(text) and text[at] in "0123456789abcdefABCDEF":
                end = at + 1
                if end < len(text) and text[end] in "0123456789abcdefABCDEF":
                    end += 1
                character = chr(int(text[at:end], 16))
                at = end
            else:
                character = _ESCAPES.get(character, character)
        if "C" in prefix:
            character = _control(character)
        if "M" in prefix:
            character = "\x1b" + character
        prefix = ""
        result.append(character)
    return "".join(result)


def _quoted(line):
    """The text in quotes that `line` begins with, and what follows it; None when nothing ends it."""
    quote = line[0]
    at = 1
    while at < len(line):
        if line[at] == "\\":
            at += 1
        elif line[at] == quote:
            return line[1:at], line[at + 1:]
        at += 1
    return None


def _named_key(name):
    """The sequence of a key like `Control-Meta-a` or `tab`."""
    control = meta = False
    while True:
        word, dash, rest = name.partition("-")
        if not dash or not rest:
            break
        if word.lower() in ("control", "ctrl", "c"):
            control = True
        elif word.lower() in ("meta", "m"):
            meta = True
        else:
            break
        name = rest
    key = _KEY_NAMES.get(name.lower(), name[:1])
    if control and key:
        key = _control(key)
    return "\x1b" + key if meta else key


def _complain(message):
    print(f"readline: {message}", file=_sys.stderr)


def parse_and_bind(string, /):
    """Execute the init line provided in the string argument."""
    line = _text(string).strip()
    if not line or line[0] in "#$":
        return
    words = line.split(None, 2)
    if words[0].lower() == "set":
        _set_variable(*(words[1:] + ["", ""])[:2])
        return
    if line[0] in "\"'":
        found = _quoted(line)
        if found is None:
            _complain(f"{line}: no closing `{line[0]}' in key binding")
            return
        keys, rest = _unescape(found[0]), found[1].lstrip()
        if not rest.startswith(":"):
            _complain(f"{line}: no key sequence terminator")
            return
        target = rest[1:].strip()
    else:
        # A colon may be the key itself.
        name, colon, target = line[1:].partition(":")
        if not colon:
            _complain(f"{line}: no key sequence terminator")
            return
        keys, target = _named_key((line[0] + name).strip()), target.strip()
    if not keys or not target:
        return
    if target[0] in "\"'":
        found = _quoted(target)
        macro = found[0] if found else target[1:]
        _bind(keys, (_unescape(macro),))
    else:
        _bind(keys, target.split()[0].lower())


def _set_variable(name, value):
    name = name.lower()
    if name in _settings.variables:
        _settings.variables[name] = value.split()[0].lower() if value.split() else "on"
        if name == "history-size":
            size = _number(name)
            if size >= 0:
                del _history[:max(len(_history) - size, 0)]
    elif name not in _OTHER_VARIABLES:
        _complain(f"{name}: unknown variable name")


def _is_on(name):
    return _settings.variables[name] in ("on", "1", "")


def _number(name):
    try:
        return int(_settings.variables[name])
    except ValueError:
        return -1


def read_init_file(filename=None, /):
    """Execute a readline initialization file.

The default filename is the last filename used."""
    if filename is None:
        filename = _settings.init_file or _os.environ.get("INPUTRC") or _os.path.expanduser("~/.inputrc")
    path = _os.fspath(filename)
    lines = _read_init_lines(path)
    _settings.init_file = path
    # One entry for each `$if`: whether its lines count, and whether those around it do.
    conditions = [(True, True)]
    for line in lines:
        line = line.strip()
        directive, _, rest = line.partition(" ")
        directive = directive.lower()
        active, around = conditions[-1]
        if directive == "$if":
            conditions.append((active and _applies(rest.strip()), active))
        elif directive == "$else":
            if len(conditions) > 1:
                conditions[-1] = (around and not active, around)
        elif directive == "$endif":
            if len(conditions) > 1:
                conditions.pop()
        elif directive == "$include" and active:
            try:
                read_init_file(_os.path.expanduser(rest.strip()))
            except OSError:
                pass
            _settings.init_file = path
        elif active:
            parse_and_bind(line.replace("\0", ""))


def _read_init_lines(path):
    with _open(path, _os.O_RDONLY) as file:
        return file.raw.readall().decode("utf-8", "surrogateescape").splitlines()


def _applies(condition):
    if condition.startswith("mode="):
        return condition == "mode=emacs"
    if condition.startswith("term="):
        term = _os.environ.get("TERM", "")
        return condition[5:] in (term, term.partition("-")[0])
    return condition.lower() == "python"


# Key bindings

_bindings = {
    "\x01": "beginning-of-line",
    "\x02": "backward-char",
    "\x04": "delete-char",
    "\x05": "end-of-line",
    "\x06": "forward-char",
    "\x07": "abort",
    "\x08": "backward-delete-char",
    "\t": "tab-insert",
    "\n": "accept-line",
    "\x0b": "kill-line",
    "\x0c": "clear-screen",
    "\r": "accept-line",
    "\x0e": "next-history",
    "\x0f": "operate-and-get-next",
    "\x10": "previous-history",
    "\x11": "quoted-insert",
    "\x12": "reverse-search-history",
    "\x13": "forward-search-history",
    "\x14": "transpose-chars",
    "\x15": "unix-line-discard",
    "\x16": "quoted-insert",
    "\x17": "unix-word-rubout",
    "\x18\x15": "undo",
    "\x18\x7f": "backward-kill-line",
    "\x19": "yank",
    "\x1a": "suspend",
    "\x1f": "undo",
    "\x7f": "backward-delete-char",
    "\x1b\x07": "abort",
    "\x1b\x08": "backward-kill-word",
    "\x1b\t": "complete",
    "\x1b\x1b": "complete",
    "\x1b-": "digit-argument",
    "\x1b.": "yank-last-arg",
    "\x1b_": "yank-last-arg",
    "\x1b<": "beginning-of-history",
    "\x1b>": "end-of-history",
    "\x1b?": "possible-completions",
    "\x1b*": "insert-completions",
    "\x1b\\": "delete-horizontal-space",
    "\x1bb": "backward-word",
    "\x1bc": "capitalize-word",
    "\x1bd": "kill-word",
    "\x1bf": "forward-word",
    "\x1bl": "downcase-word",
    "\x1bn": "history-search-forward",
    "\x1bp": "history-search-backward",
    "\x1br": "revert-line",
    "\x1bt": "transpose-words",
    "\x1bu": "upcase-word",
    "\x1by": "yank-pop",
    "\x1b\x7f": "backward-kill-word",
    "\x1b[A": "previous-history",
    "\x1b[B": "next-history",
    "\x1b[C": "forward-char",
    "\x1b[D": "backward-char",
    "\x1b[F": "end-of-line",
    "\x1b[H": "beginning-of-line",
    "\x1b[1~": "beginning-of-line",
    "\x1b[3~": "delete-char",
    "\x1b[4~": "end-of-line",
    "\x1b[5~": "history-search-backward",
    "\x1b[6~": "history-search-forward",
    "\x1b[7~": "beginning-of-line",
    "\x1b[8~": "end-of-line",
    "\x1b[1;3C": "forward-word",
    "\x1b[1;3D": "backward-word",
    "\x1b[1;5C": "forward-word",
    "\x1b[1;5D": "backward-word",
    "\x1b[200~": "bracketed-paste-begin",
    "\x1bOA": "previous-history",
    "\x1bOB": "next-history",
    "\x1bOC": "forward-char",
    "\x1bOD": "backward-char",
    "\x1bOF": "end-of-line",
    "\x1bOH": "beginning-of-line",
}
_bindings.update((f"\x1b{digit}", "digit-argument") for digit in range(10))


def _bind(keys, target):
    """Binds a sequence; what it begins with is no command of its own any more, nor what begins with it."""
    global _bindings
    kept = {
        other: bound for other, bound in _bindings.items()
        if not (keys.startswith(other) or other.startswith(keys))
    }
    kept[keys] = target
    _bindings = kept


# The screen

def _width(character):
    """How many columns a character takes."""
    if " " <= character <= "~":
        return 1
    from unicodedata import category, east_asian_width
    if category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(character) in ("W", "F") else 1


def _shown(character):
    """What a character of the line looks like."""
    if character < " " and character != "\t" or character == "\x7f":
        return "^" + chr(ord(character) ^ 0x40)
    if "\ud800" <= character <= "\udfff":
        return f"\\{ord(character) & 0xff:03o}"
    return character


class _Screen:
    """The terminal: raw while a line is edited. Rows are counted from the one where the prompt begins."""

    def __init__(self, fd_in, fd_out):
        self.fd_in = fd_in
        self.fd_out = fd_out
        self.row = 0
        # What is on the screen, and where its cursor is: to draw no more than what is new.
        self.text = None

    def enter(self):
        import termios
        self.saved = termios.tcgetattr(self.fd_in)
        mode = termios.tcgetattr(self.fd_in)
        mode[0] &= ~(termios.ICRNL | termios.INLCR | termios.IXON)
        mode[3] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)
        for key in (termios.VSUSP, termios.VEOF):
            mode[6][key] = b"\0"
        mode[6][termios.VMIN] = 1
        mode[6][termios.VTIME] = 0
        termios.tcsetattr(self.fd_in, termios.TCSADRAIN, mode)
        erase = self.saved[6][termios.VERASE]
        self.erase = erase.decode("latin-1") if erase != b"\0" else "\x7f"

    def leave(self):
        import termios
        termios.tcsetattr(self.fd_in, termios.TCSADRAIN, self.saved)

    def columns(self):
        try:
            # A terminal that does not know its size says 0.
            return max(_os.get_terminal_size(self.fd_out).columns or 80, 2)
        except OSError:
            return 80

    def write(self, text):
        data = text.encode(_encoding(), "backslashreplace")
        while data:
            data = data[_os.write(self.fd_out, data):]

    def draw(self, prompt, buffer, position):
        """Shows the prompt's last line and the buffer, with the cursor at a position of the buffer."""
        columns = self.columns()
        row, column = _advance(0, 0, _without_marks(prompt)[1], columns)
        parts = [_without_marks(prompt)[0]]
        cursor = (row, column)
        for index, character in enumerate(buffer):
            if index == position:
                cursor = (row, column)
            if character == "\t":
                shown = " " * (8 - column % 8)
            else:
                shown = _shown(character)
            parts.append(shown)
            row, column = _advance(row, column, shown, columns)
        if position >= len(buffer):
            cursor = (row, column)
        text = "".join(parts)
        at_end = cursor == (row, column)
        if self.text is not None and at_end and text.startswith(self.text) and column and self.at_end:
            self.write(text[len(self.text):])
        else:
            self.redraw(text, (row, column), cursor)
        self.text, self.at_end = text, at_end
        self.row = cursor[0]

    def redraw(self, text, end, cursor):
        out = []
        if self.row:
            out.append(f"\x1b[{self.row}A")
        if self.text is not None:
            out.append("\r\x1b[J")
        out.append(text)
        if end[1] == 0 and end[0]:
            # The terminal goes to the next row only with the next character.
            out.append(" \r")
        if end[0] > cursor[0]:
            out.append(f"\x1b[{end[0] - cursor[0]}A")
        if end != cursor:
            out.append("\r")
            if cursor[1]:
                out.append(f"\x1b[{cursor[1]}C")
        self.write("".join(out))

    def below(self, buffer_draw):
        """Goes to an empty row below the line: `buffer_draw` puts the cursor at the line's end."""
        buffer_draw()
        self.write("\n")
        self.forget()

    def forget(self):
        """What comes next is drawn from the cursor on."""
        self.row = 0
        self.text = None


def _advance(row, column, text, columns):
    """Where the cursor is after a text."""
    for character in text:
        width = _width(character)
        if column + width > columns:
            row, column = row + 1, 0
        column += width
        if column == columns:
            row, column = row + 1, 0
    return row, column


def _without_marks(prompt):
    """A prompt to be written, and what of it is seen: what is between \\x01 and \\x02 takes no columns."""
    seen = []
    for index, part in enumerate(prompt.split("\x01")):
        if index:
            part = part.partition("\x02")[2]
        seen.append(part)
    return prompt.replace("\x01", "").replace("\x02", ""), "".join(seen).replace("\x02", "")


# The editor

class _Done(Exception):
    """The line is complete."""


_kill_ring = []
# The position in the history from which the next line is taken.
_next_position = None


class _Editor:
    """A line being edited. Methods that begin with `do_` are the commands."""

    def __init__(self, screen, prompt):
        self.screen = screen
        self.prompt = prompt
        self.buffer = []
        self.position = 0
        self.begin = self.end = 0
        self.completion_type = 0
        self.argument = None
        self.keys = ""
        self.last = self.command = None
        self.undo = []
        # Lines of the history that were changed, by position; the line itself is at its end.
        self.place = len(_history)
        self.changed = {}
        # Characters of macros, which come before those of the terminal.
        self.waiting = []
        import codecs
        self.decoder = codecs.getincrementaldecoder(_encoding())("surrogateescape")

    # Reading

    def read_character(self):
        if self.waiting:
            return self.waiting.pop(0)
        while True:
            data = _os.read(self.screen.fd_in, 1)
            if not data:
                return ""
            text = self.decoder.decode(data)
            if text:
                self.waiting.extend(text[1:])
                return text[0]

    def read_keys(self):
        """The next sequence that is bound to something, and what to: `None` for characters."""
        keys = ""
        while True:
            character = self.read_character()
            if not character:
                return "", "end-of-file"
            keys += character
            bound = _bindings.get(keys)
            if keys == self.screen.erase and bound in (None, "backward-delete-char"):
                return keys, "backward-delete-char"
            if bound is not None:
                return keys, bound
            if not any(other.startswith(keys) for other in _bindings):
                if len(keys) == 1 and (keys >= " " or "\x80" <= keys):
                    return keys, None
                if keys.startswith("\x1b[") and not "@" <= keys[-1] <= "~":
                    continue  # An unknown key's sequence is read to its end.
                return keys, "bell"

    def read_line(self):
        _call_hook(_settings.startup_hook)
        self.draw()
        _call_hook(_settings.pre_input_hook)
        self.draw()
        try:
            while True:
                self.keys, bound = self.read_keys()
                self.execute(bound)
                self.draw()
        except _Done:
            return "".join(self.buffer)

    def execute(self, bound):
        if isinstance(bound, tuple):
            self.waiting[:0] = bound[0]
            return
        self.command = bound or "self-insert"
        command = getattr(self, "do_" + self.command.replace("-", "_"), self.do_bell)
        state = (self.buffer[:], self.position)
        count = 1 if self.argument is None else self.argument
        command(count)
        if self.command not in ("undo", "digit-argument") and self.buffer != state[0]:
            # What is typed is undone as one.
            if not (self.command == self.last == "self-insert" and self.undo):
                self.undo.append(state)
        if self.command != "digit-argument":
            self.argument = None
        self.last = self.command

    # The buffer

    def draw(self):
        if self.screen is not None:
            self.screen.draw(self.prompt_shown(), self.buffer, self.position)

    def prompt_shown(self):
        return self.prompt if self.argument is None else f"(arg: {self.argument}) "

    def insert(self, text):
        self.buffer[self.position:self.position] = text
        self.position += len(text)

    def set_line(self, text):
        self.buffer[:] = text
        self.position = len(self.buffer)

    def bell(self):
        if _settings.variables["bell-style"] != "none" and self.screen is not None:
            self.screen.write("\a")

    def word_end(self, position):
        while position < len(self.buffer) and not self.buffer[position].isalnum():
            position += 1
        while position < len(self.buffer) and self.buffer[position].isalnum():
            position += 1
        return position

    def word_start(self, position):
        while position > 0 and not self.buffer[position - 1].isalnum():
            position -= 1
        while position > 0 and self.buffer[position - 1].isalnum():
            position -= 1
        return position

    def move(self, position):
        position = min(max(position, 0), len(self.buffer))
        if position == self.position:
            self.bell()
        self.position = position

    def kill(self, start, end):
        text = self.buffer[start:end]
        if text:
            backward = start < self.position
            if self.last in _KILLS and _kill_ring:
                _kill_ring[-1] = text + _kill_ring[-1] if backward else _kill_ring[-1] + text
            else:
                _kill_ring.append(text)
                del _kill_ring[:-60]
        del self.buffer[start:end]
        self.position = start

    # Commands: moving

    def do_beginning_of_line(self, count):
        self.position = 0

    def do_end_of_line(self, count):
        self.position = len(self.buffer)

    def do_forward_char(self, count):
        self.move(self.position + count)

    def do_backward_char(self, count):
        self.move(self.position - count)

    def do_forward_word(self, count):
        if count < 0:
            return self.do_backward_word(-count)
        for _ in range(count):
            self.position = self.word_end(self.position)

    def do_backward_word(self, count):
        if count < 0:
            return self.do_forward_word(-count)
        for _ in range(count):
            self.position = self.word_start(self.position)

    def do_clear_screen(self, count):
        self.screen.write("\x1b[H\x1b[2J")
        self.screen.forget()

    def do_redraw_current_line(self, count):
        self.screen.text = ""

    # Commands: the end of the line

    def do_accept_line(self, count):
        self.position = len(self.buffer)
        self.draw()
        raise _Done

    def do_operate_and_get_next(self, count):
        global _next_position
        if self.place < len(_history):
            _next_position = self.place + 1
        self.do_accept_line(count)

    def do_end_of_file(self, count):
        if self.buffer and self.keys == "":
            raise _Done
        raise EOFError

    def do_abort(self, count):
        self.waiting.clear()
        self.bell()

    def do_bell(self, count):
        self.bell()

    def do_suspend(self, count):
        import signal
        self.screen.below(self.draw_at_end)
        self.screen.leave()
        _os.kill(0, signal.SIGTSTP)
        self.screen.enter()

    def draw_at_end(self):
        self.screen.draw(self.prompt_shown(), self.buffer, len(self.buffer))

    # Commands: changing text

    def do_self_insert(self, count):
        self.insert(self.keys * max(count, 0))

    def do_tab_insert(self, count):
        self.insert("\t" * max(count, 0))

    def do_quoted_insert(self, count):
        self.insert(self.read_character() * max(count, 0))

    def do_bracketed_paste_begin(self, count):
        text = ""
        while not text.endswith("\x1b[201~"):
            character = self.read_character()
            if not character:
                break
            text += character
        self.insert(text.removesuffix("\x1b[201~").replace("\r\n", "\n").replace("\r", "\n"))

    def do_delete_char(self, count):
        if not self.buffer and self.keys == "\x04" and self.last != "delete-char":
            return self.do_end_of_file(count)
        if self.position == len(self.buffer):
            return self.bell()
        if count > 1:
            self.kill(self.position, min(self.position + count, len(self.buffer)))
        else:
            del self.buffer[self.position]

    def do_backward_delete_char(self, count):
        if self.position == 0:
            return self.bell()
        start = max(self.position - max(count, 1), 0)
        if count > 1:
            self.kill(start, self.position)
        else:
            del self.buffer[start:self.position]
            self.position = start

    def do_transpose_chars(self, count):
        if self.position == 0 or len(self.buffer) < 2:
            return self.bell()
        if self.position == len(self.buffer):
            self.position -= 1
        at = self.position
        self.buffer[at - 1], self.buffer[at] = self.buffer[at], self.buffer[at - 1]
        self.position += 1

    def do_transpose_words(self, count):
        second_end = self.word_end(self.position)
        second = self.word_start(second_end)
        first = self.word_start(second)
        first_end = self.word_end(first)
        if not first < first_end <= second < second_end:
            return self.bell()
        self.buffer[first:second_end] = (
            self.buffer[second:second_end] + self.buffer[first_end:second] + self.buffer[first:first_end]
        )
        self.position = second_end

    def change_word(self, change):
        end = self.word_end(self.position)
        self.buffer[self.position:end] = change("".join(self.buffer[self.position:end]))
        self.position = end

    def do_upcase_word(self, count):
        self.change_word(lambda text: "".join(c.upper() if len(c.upper()) == 1 else c for c in text))

    def do_downcase_word(self, count):
        self.change_word(lambda text: "".join(c.lower() if len(c.lower()) == 1 else c for c in text))

    def do_capitalize_word(self, count):
        self.change_word(lambda text: "".join(
            changed if len(changed) == 1 else c for c, changed in zip(text, _capitalized(text))))

    def do_undo(self, count):
        if not self.undo:
            return self.bell()
        buffer, self.position = self.undo.pop()
        self.buffer[:] = buffer

    def do_revert_line(self, count):
        if self.undo:
            buffer, self.position = self.undo[0]
            self.buffer[:] = buffer
            self.undo.clear()

    # Commands: killing and yanking

    def do_kill_line(self, count):
        if count < 0:
            return self.do_unix_line_discard(1)
        self.kill(self.position, len(self.buffer))

    def do_unix_line_discard(self, count):
        self.kill(0, self.position)

    do_backward_kill_line = do_unix_line_discard

    def do_kill_whole_line(self, count):
        self.position = 0
        self.kill(0, len(self.buffer))

    def do_kill_word(self, count):
        end = self.position
        for _ in range(count):
            end = self.word_end(end)
        self.kill(self.position, end)

    def do_backward_kill_word(self, count):
        start = self.position
        for _ in range(count):
            start = self.word_start(start)
        self.kill(start, self.position)

    def do_unix_word_rubout(self, count):
        start = self.position
        for _ in range(count):
            while start > 0 and self.buffer[start - 1].isspace():
                start -= 1
            while start > 0 and not self.buffer[start - 1].isspace():
                start -= 1
        self.kill(start, self.position)

    def do_delete_horizontal_space(self, count):
        start = end = self.position
        while start > 0 and self.buffer[start - 1] in " \t":
            start -= 1
        while end < len(self.buffer) and self.buffer[end] in " \t":
            end += 1
        del self.buffer[start:end]
        self.position = start

    def do_yank(self, count):
        if not _kill_ring:
            return self.bell()
        self.insert(_kill_ring[-1])

    def do_yank_pop(self, count):
        if self.last not in ("yank", "yank-pop") or not _kill_ring:
            return self.bell()
        start = self.position - len(_kill_ring[-1])
        _kill_ring.insert(0, _kill_ring.pop())
        self.buffer[start:self.position] = _kill_ring[-1]
        self.position = start + len(_kill_ring[-1])

    def do_yank_last_arg(self, count):
        if self.last == "yank-last-arg":
            back, length = self.yanked[0] + 1, self.yanked[1]
        else:
            back, length = 1, 0
        if back > len(_history):
            return self.bell()
        words = _history[-back].split() or [""]
        start = self.position - length
        self.buffer[start:self.position] = words[-1]
        self.position = start + len(words[-1])
        self.yanked = back, len(words[-1])

    def do_digit_argument(self, count):
        key = self.keys[-1]
        if key == "-":
            self.argument = -1 if self.argument is None else -self.argument
            self.bare_minus = True
        else:
            if self.argument is None or self.argument == -1 and self.bare_minus:
                sign = 1 if self.argument is None else -1
                self.argument = sign * int(key)
            else:
                sign = -1 if self.argument < 0 else 1
                self.argument = min(max(self.argument * 10 + sign * int(key), -1000), 1000)
            self.bare_minus = False
        # Digits that follow belong to it.
        self.draw()
        character = self.read_character()
        if character.isdigit() and character.isascii():
            self.keys = character
            self.do_digit_argument(count)
        elif character:
            self.waiting.insert(0, character)

    # Commands: history

    def go_to(self, place):
        """Shows another line of the history; the position after the last is the new line."""
        if not 0 <= place <= len(_history):
            return self.bell()
        self.changed[self.place] = "".join(self.buffer)
        self.place = place
        line = self.changed.get(place)
        if line is None:
            line = _history[place] if place < len(_history) else ""
        self.set_line(line)
        self.undo.clear()

    def line_at(self, place):
        line = self.changed.get(place)
        if line is None and place < len(_history):
            line = _history[place]
        return line or ""

    def do_previous_history(self, count):
        self.go_to(self.place - count)

    def do_next_history(self, count):
        self.go_to(self.place + count)

    def do_beginning_of_history(self, count):
        self.go_to(0)

    def do_end_of_history(self, count):
        self.go_to(len(_history))

    def search_for_start(self, step):
        """The next line that begins with what is before the cursor."""
        start = "".join(self.buffer[:self.position])
        current = "".join(self.buffer)
        place = self.place + step
        while 0 <= place < len(_history):
            if self.line_at(place).startswith(start) and self.line_at(place) != current:
                position = self.position
                self.go_to(place)
                if start:
                    self.position = position
                return
            place += step
        self.bell()

    def do_history_search_backward(self, count):
        self.search_for_start(-1)

    def do_history_search_forward(self, count):
        self.search_for_start(1)

    def do_reverse_search_history(self, count):
        self.search_incrementally(-1)

    def do_forward_search_history(self, count):
        self.search_incrementally(1)

    def search_incrementally(self, step):
        start = self.place, self.buffer[:], self.position
        prompt, term, failed = self.prompt, "", False
        try:
            while True:
                name = "reverse-i-search" if step < 0 else "i-search"
                self.prompt = f"({'failed ' * failed}{name})`{term}': "
                self.draw()
                keys, bound = self.read_keys()
                if bound in ("reverse-search-history", "forward-search-history"):
                    step = -1 if bound == "reverse-search-history" else 1
                    failed = not self.find(term, step, again=True)
                elif bound == "backward-delete-char":
                    term = term[:-1]
                    self.go_to(start[0])
                    self.buffer[:], self.position = start[1][:], start[2]
                    failed = bool(term) and not self.find(term, step, again=False)
                elif bound is None:
                    term += keys
                    failed = not self.find(term, step, again=False)
                elif bound == "abort":
                    self.go_to(start[0])
                    self.buffer[:], self.position = start[1], start[2]
                    return self.bell()
                else:
                    # Whatever ends the search is done with what was found.
                    self.waiting[:0] = keys
                    if keys == "\x1b":
                        self.waiting.pop(0)
                    return
        finally:
            self.prompt = prompt

    def find(self, term, step, again):
        """Goes to the nearest line with the term in it. `again`: beyond where the cursor is."""
        if not term:
            return False
        place = self.place
        line = "".join(self.buffer)
        if step < 0:
            at = line.rfind(term, 0, self.position + (0 if again else len(term)))
        else:
            at = line.find(term, self.position + again)
        while at < 0:
            place += step
            if not 0 <= place <= len(_history):
                self.bell()
                return False
            line = self.line_at(place)
            at = line.rfind(term) if step < 0 else line.find(term)
        if place != self.place:
            self.go_to(place)
        self.position = at
        return True

    # Commands: completion

    def matches(self):
        """The word before the cursor, and what it may become."""
        start = self.position
        while start > 0 and self.buffer[start - 1] not in _settings.delimiters:
            start -= 1
        self.begin, self.end = start, self.position
        text = "".join(self.buffer[start:self.position])
        function = _settings.completer
        found = []
        if function is None:
            found = _file_names(text)
        else:
            while True:
                try:
                    match = function(text, len(found))
                except Exception:
                    break
                if not isinstance(match, str):
                    break
                found.append(match)
        return text, sorted(set(found))

    def replace_word(self, text):
        self.buffer[self.begin:self.position] = text
        self.position = self.begin + len(text)

    def do_complete(self, count):
        if _is_on("disable-completion"):
            return self.insert(self.keys[-1:])
        again = self.last == "complete" and not self.completed
        self.completion_type = ord("?") if again else ord("\t")
        text, found = self.matches()
        self.completed = False
        if not found:
            return self.bell()
        common = _os.path.commonprefix(found)
        if again and len(found) > 1:
            return self.show(common, found)
        self.completed = common != text and (bool(common) or len(found) == 1)
        if self.completed:
            self.replace_word(common)
        if len(found) > 1:
            unmodified = not self.completed and _is_on("show-all-if-unmodified")
            if _is_on("show-all-if-ambiguous") or unmodified:
                self.show(common, found)
            else:
                self.bell()

    def do_possible_completions(self, count):
        self.completion_type = ord("?")
        text, found = self.matches()
        if found:
            self.show(_os.path.commonprefix(found), found)
        else:
            self.bell()

    def do_insert_completions(self, count):
        self.completion_type = ord("*")
        text, found = self.matches()
        if found:
            self.replace_word(" ".join(found) + " ")
        else:
            self.bell()

    def do_menu_complete(self, count):
        if self.last == "menu-complete":
            text, found, index = self.menu
        else:
            self.completion_type = ord("%")
            text, found = self.matches()
            index = -1
        if not found:
            return self.bell()
        index = (index + count) % (len(found) + 1)
        self.replace_word(found[index] if index < len(found) else text)
        self.menu = text, found, index

    def show(self, common, found):
        """Shows what is possible."""
        longest = max(map(len, found))
        if _settings.display_hook is not None:
            self.draw()
            _call_hook(_settings.display_hook, common, found, longest)
            return
        self.screen.below(self.draw_at_end)
        limit = _number("completion-query-items")
        if 0 < limit <= len(found):
            self.screen.write(f"Display all {len(found)} possibilities? (y or n)")
            answer = self.read_character()
            while answer and answer not in "yYnN \t\x7f\x07":
                self.bell()
                answer = self.read_character()
            self.screen.write("\n")
            if not answer or answer not in "yY \t":
                return
        self.screen.write(_table([_last_part(name) if _settings.completer is None else name for name in found],
                                 self.screen.columns()))


_KILLS = frozenset("""
kill-line unix-line-discard backward-kill-line kill-whole-line kill-word backward-kill-word unix-word-rubout
""".split())


def _capitalized(text):
    """Each character of a text as it is when its words begin with capitals."""
    inside = False
    for character in text:
        yield character.lower() if inside else character.upper()
        inside = character.isalnum()


def _last_part(path):
    return _os.path.basename(path.rstrip("/")) + "/" * path.endswith("/")


def _table(names, columns):
    """Names in columns that are read downwards."""
    wide = [sum(map(_width, name)) for name in names]
    width = max(wide) + 2
    across = max(columns // width, 1)
    rows = -(-len(names) // across)
    lines = []
    for row in range(rows):
        line = ""
        for index in range(row, len(names), rows):
            last = index + rows >= len(names)
            line += names[index] + " " * (0 if last else width - wide[index])
        lines.append(line)
    return "".join(f"{line}\n" for line in lines)


def _file_names(text):
    """Files whose paths begin with a text."""
    folder, slash, start = text.rpartition("/")
    try:
        entries = _os.listdir(_os.path.expanduser(folder) + slash or ".")
    except OSError:
        return []
    ignore_case = _is_on("completion-ignore-case")
    found = []
    for name in entries:
        begins = name.lower().startswith(start.lower()) if ignore_case else name.startswith(start)
        if begins and (start or not name.startswith(".")):
            path = folder + slash + name
            is_folder = _os.path.isdir(_os.path.expanduser(path))
            found.append(path + "/" if is_folder else path)
    return found


def _read_default_init_file():
    try:
        read_init_file()
    except OSError:
        pass


def _input(prompt):
    """A line from the terminal, without its end. Standard input and output are known to be one."""
    global _editor, _next_position
    if "\0" in prompt:
        raise ValueError("input: prompt string cannot contain null characters")
    with _editing:
        screen = _Screen(0, 1)
        # All lines of the prompt but the last never change.
        head, newline, last = prompt.rpartition("\n")
        screen.write(_without_marks(head + newline)[0])
        editor = _editor = _Editor(screen, last)
        screen.enter()
        try:
            if _next_position is not None:
                place, _next_position = _next_position, None
                if place < len(_history):
                    editor.go_to(place)
            line = editor.read_line()
        except KeyboardInterrupt:
            screen.write("^C")
            raise
        finally:
            screen.leave()
            screen.write("\n")
        if _settings.auto_history and line and (not _history or _history[-1] != line):
            add_history(line)
        return line


_read_default_init_file()
