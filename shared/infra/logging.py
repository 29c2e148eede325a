"""Structured logs: JSON lines outside a terminal, readable inside one; never personal values."""

import logging
import sys
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog

_QUIET = ("aiokafka", "faststream", "httpx", "httpcore", "uvicorn", "asyncio")


class PatientStream:
    """Takes lines also while the disk is full: who logs goes on; what was lost is said later."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._failed = 0

    def write(self, text: str) -> int:
        """Write it, and before it how many times writing failed since the last time it did not."""
        try:
            if self._failed:
                self._stream.write(f'{{"event": "log-not-written", "times": {self._failed}}}\n')
            written = self._stream.write(text)
        except OSError:
            self._failed += 1
            return len(text)
        self._failed = 0
        return written

    def flush(self) -> None:
        """Write what waits, where that can be done now."""
        with suppress(OSError):
            self._stream.flush()


def configure_logging(level: str, **bound: str) -> None:
    """Set up structlog and the standard library once per process; `bound` is on every line."""
    number = logging.getLevelNamesMapping()[level.upper()]
    readable = sys.stderr.isatty()
    stream = PatientStream(sys.stderr)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer = (
        structlog.dev.ConsoleRenderer()
        if readable
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, stream)),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(**bound)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=shared,
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.INFO), force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
