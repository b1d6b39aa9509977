"""Signing in to a service of Google Cloud, as Google's own library does it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from sealgen.stores.refusal import Failed, Refused

if TYPE_CHECKING:
    from sealgen.stores.deadline import Deadline

_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
SIGN_IN: Final = "Sign in: gcloud auth application-default login"


class SignIn:
    """Application Default Credentials, looked for when they are first needed, by several threads once."""

    def __init__(self, called: str) -> None:
        """``called`` is what messages call the service."""
        self._called = called
        self._found: tuple[Any, str | None] | Refused | None = None
        self._lock = threading.Lock()

    def project(self, deadline: Deadline) -> str | None:
        """Return the project that comes with the credentials, if any; raises as ``headers`` does."""
        with self._lock:
            return self._credentials(deadline)[1]

    def headers(self, url: str, deadline: Deadline) -> dict[str, str]:
        """Return what signs a request to ``url``; raises Refused, Failed and Passed."""
        from google.auth import exceptions as fault  # noqa: PLC0415

        headers: dict[str, str] = {}
        with self._lock:
            credentials, _ = self._credentials(deadline)
            try:
                credentials.before_request(_within(deadline), "GET", url, headers)
            except fault.TransportError:
                deadline.left()
                raise Failed("there is no answer to signing in", is_down=True) from None
            except fault.GoogleAuthError as error:
                deadline.left()
                # What it says may hold what a file or a program with credentials said.
                if error.retryable:
                    raise Failed("signing in fails", is_down=True) from None
                raise Refused(f"Google does not sign in {self.who()} ({type(error).__name__})", hint=SIGN_IN) from None
        return headers

    def who(self) -> str:
        """Return who that is, for messages."""
        found = self._found[0] if isinstance(self._found, tuple) else None
        account = getattr(found, "service_account_email", None)
        return f"the service account {account}" if account else "the application default credentials"

    def _credentials(self, deadline: Deadline) -> tuple[Any, str | None]:
        import google.auth.credentials  # noqa: PLC0415
        from google.auth import exceptions as fault  # noqa: PLC0415

        if self._found is None:
            try:
                # Given the scopes, it would ask another service for the project of a workload identity.
                found, project = google.auth.default(request=_within(deadline))
                scoped = google.auth.credentials.with_scopes_if_required(found, [_SCOPE])
                self._found = scoped, project
            except (fault.DefaultCredentialsError, ValueError) as error:
                deadline.left()
                # What it says may hold what is in the file.
                self._found = Refused(
                    f"{self._called}: there are no credentials to ask with ({type(error).__name__})",
                    hint=SIGN_IN,
                )
            except fault.GoogleAuthError:
                deadline.left()
                raise Failed("there is no answer to signing in", is_down=True) from None
        if isinstance(self._found, Refused):
            raise self._found
        return self._found


def _within(deadline: Deadline) -> Any:
    """Return what Google's library makes its requests with, none of which lasts longer than there is time."""
    from google.auth.transport.requests import Request  # noqa: PLC0415

    request = Request()

    def asked(*arguments: Any, timeout: float | None = None, **named: Any) -> Any:
        left = deadline.left()
        return request(*arguments, timeout=min(timeout or left, left), **named)

    return asked
