"""Logs are one JSON object a line and hold no secret."""

from __future__ import annotations

import io
import json
import logging

import pytest

from monitor.logs import JsonFormatter, redact


def line_of(message: str, *args: object, **extra: object) -> dict[str, object]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("goodname.test_logs")
    logger.propagate = False
    logger.addHandler(handler)
    try:
        logger.warning(message, *args, extra=extra)
    finally:
        logger.removeHandler(handler)
    text = stream.getvalue()
    assert text.count("\n") == 1
    return json.loads(text)


def test_a_record_is_one_line_with_its_fields() -> None:
    line = line_of("two\nlines %s", "x", source="forum", bytes=12)
    assert line["message"] == "two\nlines x"
    assert (line["source"], line["bytes"], line["level"]) == ("forum", 12, "warning")


@pytest.mark.parametrize(
    "text",
    [
        "mailto://someone:CANARY@mail.example",
        "https://user:CANARY@host.example/path",
        "token=CANARY&x=1",
        'Authorization: Bearer CANARY"',
        '{"password": "CANARY"}',
        "api_key = CANARY",
    ],
)
def test_secrets_are_masked(text: str) -> None:
    assert "CANARY" not in redact(text)
    assert "CANARY" not in json.dumps(line_of("%s", text, detail=text))
