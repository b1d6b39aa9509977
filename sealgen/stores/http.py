"""One request over HTTP and its whole answer, in bounded time: what stores that speak JSON are asked with."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.errors import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.stores.deadline import Deadline

_MAX_BYTES = 8 * 1024**2
_CHUNK = 65536
_CUT = "the connection was cut"


class NoAnswer(Exception):  # noqa: N818  (a state of things)
    """There is no answer; ``may_pass`` tells whether there may be one a moment later."""

    def __init__(self, reason: str, *, may_pass: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.may_pass = may_pass


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    location: str
    """Where a redirect leads, which is not followed: what signs the request in is for one server."""
    wait: float
    """How many seconds the server asks to wait; 0 where it does not."""
    content: bytes


class Requests:
    """Requests that trust the certificates of ``context``, through the proxies of the environment."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(context=context),
        ):
            self._opener.add_handler(handler)

    def send(
        self, method: str, url: str, headers: Mapping[str, str], deadline: Deadline, body: bytes | None = None
    ) -> Answer:
        """Return the answer, whatever its status; raises NoAnswer, and Passed where there is none in time."""
        request = urllib.request.Request(url, data=body, headers={"User-Agent": "sealgen", **headers}, method=method)  # noqa: S310
        try:
            with self._opener.open(request, timeout=deadline.left()) as response:
                content = bytearray()
                while chunk := response.read(_CHUNK):
                    content += chunk
                    if len(content) > _MAX_BYTES:
                        raise NoAnswer(f"the answer has more than {_MAX_BYTES // 1024**2} MiB", may_pass=False)
                    deadline.left()
                if response.length:  # still to come; the library does not tell
                    raise NoAnswer(_CUT, may_pass=True)
                asked = response.headers.get("Retry-After", "")
                location = response.headers.get("Location", "")
                return Answer(response.status, location, float(asked) if asked.isdecimal() else 0.0, bytes(content))
        except urllib.error.URLError as error:
            raise self._no_answer(error.reason, deadline) from None
        except (OSError, http.client.HTTPException) as error:
            raise self._no_answer(error, deadline) from None

    @staticmethod
    def _no_answer(reason: object, deadline: Deadline) -> NoAnswer:
        if isinstance(reason, TimeoutError):
            deadline.left()  # It has passed, but for the last instant.
            return NoAnswer("no answer in time", may_pass=True)
        if isinstance(reason, ssl.SSLCertVerificationError):
            return NoAnswer(f"its certificate is not trusted: {reason.verify_message}", may_pass=False)
        if isinstance(reason, ssl.SSLError) and not isinstance(reason, ssl.SSLEOFError):
            return NoAnswer(f"no TLS: {shortened(str(reason.reason or reason.strerror))}", may_pass=False)
        if isinstance(reason, socket.gaierror):
            return NoAnswer("its name is not known here", may_pass=True)
        if isinstance(reason, ConnectionRefusedError | PermissionError) or (
            isinstance(reason, OSError) and reason.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH)
        ):
            return NoAnswer(str(reason.strerror), may_pass=True)
        if isinstance(reason, http.client.HTTPException | OSError):
            return NoAnswer(_CUT, may_pass=True)
        return NoAnswer(shortened(str(reason)), may_pass=False)
