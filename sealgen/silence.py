"""What clients of stores and clusters would tell of requests and answers, for those who debug them, holds values."""

from __future__ import annotations


def keep_clients_silent() -> None:
    """Turn off, in this process, all logging and ``http.client``'s tracing, whoever turned it on.

    At DEBUG, botocore logs whole answers; the tracing prints requests with what signs them in.
    """
    import http.client  # noqa: PLC0415  (who calls this needs them anyway, and nobody else)
    import logging  # noqa: PLC0415

    logging.disable(logging.CRITICAL)
    http.client.HTTPConnection.debuglevel = 0
