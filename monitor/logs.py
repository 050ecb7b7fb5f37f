"""Write logs as one JSON object a line, without secrets."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import IO

_STANDARD = frozenset(logging.LogRecord("", 0, "", 0, "", None, None).__dict__) | {"message", "asctime", "taskName"}
_CREDENTIALS = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]*(?=@)")
_NAMED_SECRETS = re.compile(
    r"(?i)\b(pass(?:word)?|pwd|token|secret|api[_-]?key|authorization|access[_-]?key)(\s*[=:]\s*|\"\s*:\s*\")"
    r"(?:bearer\s+|basic\s+)?[^\s&\"',;]+"
)
_MAX = 4_000


def redact(text: str) -> str:
    """Mask what looks like a credential: user and password in an address, and values named as secrets."""
    return _NAMED_SECRETS.sub(r"\1\2***", _CREDENTIALS.sub("***:***", text))


class JsonFormatter(logging.Formatter):
    """Format a record as one line of JSON: ts, level, logger, message, then its extra fields; tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line; anything that is not JSON is written as text, and every text is redacted and bounded."""
        fields: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _clip(record.getMessage()),
        }
        for key, value in record.__dict__.items():
            if key not in _STANDARD and not key.startswith("_"):
                fields[key] = value if isinstance(value, int | float | None) else _clip(str(value))
        if record.exc_info:
            fields["traceback"] = _clip(self.formatException(record.exc_info), 4 * _MAX)
        return json.dumps(fields, ensure_ascii=True, default=str)


def _clip(text: str, most: int = _MAX) -> str:
    text = redact(text)
    return text if len(text) <= most else f"{text[:most]}…"


def set_up_logging(level: str, stream: IO[str]) -> None:
    """Send everything from `level` up to the stream as JSON lines; libraries only from warning up. Idempotent."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("goodname").setLevel(level.upper())
    logging.captureWarnings(capture=True)
