"""Log lines that nobody can forge: one line a record, control characters escaped, secrets left out.

    2026-11-24 09:31:07.120 INFO rolltop.serve: Listening at http://127.0.0.1:8377

A traceback follows its record, each of its lines set off by a bar, so that text inside it never passes for a record.
"""

import logging
import logging.handlers
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

KEEP_FILES = 3
FILE_BYTES = 2_000_000

_ESCAPED = {code: f"\\x{code:02x}" for code in [*range(0x20), *range(0x7F, 0xA0)]}
_ESCAPED |= {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x2028: "\\u2028", 0x2029: "\\u2029"}
_ESCAPED |= {code: f"\\u{code:04x}" for code in [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]}  # text direction

_SECRETS = (
    (
        re.compile(r"(https?://[^\s?#\"']+)[?#][^\s\"']*"),
        r"\1",
    ),  # it may hold a code, or cells
    (re.compile(r"(?i)\b(bearer)\s+[\w.~+/=-]+"), r"\1 …"),
    (re.compile(r"(?i)\b(authorization|apikey|password|secret|token)(\"?\s*[:=]\s*\"?)(?!bearer)[^\s\",}]+"), r"\1\2…"),
)


def escape(text: str) -> str:
    """The text on one line: control characters and text direction marks written out as escapes."""
    return text.translate(_ESCAPED)


def redact(text: str) -> str:
    """The text without bearer tokens, passwords and the query strings of addresses."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class LineFormatter(logging.Formatter):
    """Local time with milliseconds, level, logger, message; tracebacks only where they are wanted."""

    def __init__(self, *, tracebacks: bool = True) -> None:
        super().__init__()
        self._tracebacks = tracebacks

    def format(self, record: logging.LogRecord) -> str:
        """One record as one line, and its traceback, when there is one, as barred lines below it."""
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created))
        message = escape(redact(record.getMessage()))
        line = f"{when}.{int(record.msecs):03d} {record.levelname} {record.name}: {message}"
        if record.exc_info and record.exc_info[0] is not None:
            if not self._tracebacks:
                return f"{line} ({escape(record.exc_info[0].__name__)})"
            trace = redact(self.formatException(record.exc_info))
            line = "\n".join([line, *(f"    | {escape(part)}" for part in trace.splitlines())])
        return line


class _PrivateRotatingFile(logging.handlers.RotatingFileHandler):
    """Opens its file for its owner only, whatever the umask."""

    def _open(self) -> IO[str]:  # type: ignore[override]
        opener: Callable[[str, int], int] = lambda path, flags: os.open(path, flags, 0o600)  # noqa: E731
        return open(self.baseFilename, self.mode, encoding=self.encoding, errors=self.errors, opener=opener)


def start(folder: Path, name: str, *, level: str = "info", terminal: IO[str] | None = None) -> Path | None:
    """Send this process's log to `<folder>/<name>` and, in short form, to `terminal`.

    Records with `extra={"file_only": True}` stay out of the terminal, for what is said there in other words.
    A folder that cannot be written costs the file, never the start. Returns the file's path, or None without one.
    """
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level.upper())
    path: Path | None = folder / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = _PrivateRotatingFile(folder / name, maxBytes=FILE_BYTES, backupCount=KEEP_FILES, encoding="utf-8")
        file.setFormatter(LineFormatter())
        root.addHandler(file)
    except OSError:
        path = None
    if terminal is not None:
        shown = logging.StreamHandler(terminal)
        shown.setFormatter(LineFormatter(tracebacks=level == "debug" or path is None))
        shown.addFilter(lambda record: not getattr(record, "file_only", False))
        root.addHandler(shown)
    if path is None:
        logging.getLogger("rolltop").warning("The log folder %s cannot be written; there is no log file.", folder)
    return path
