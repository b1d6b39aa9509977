"""How reading a store fails, said without the value's name and with nothing of the value."""

from __future__ import annotations

from sealgen.errors import CannotTell, SealgenError


class Refused(Exception):  # noqa: N818  (an answer)
    """The store does not give it, and would not if it were asked again."""

    def __init__(self, problem: str, *, hint: str | None = None, kind: type[SealgenError] = CannotTell) -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint
        self.kind = kind
        """CannotTell where another machine or moment may have it; SealgenError where what is there is no value."""

    def of(self, name: str) -> SealgenError:
        """Return the error for the value called ``name``."""
        return self.kind(f"values.{name}: {self.problem}", hint=self.hint)

    def error(self) -> SealgenError:
        """Return the error where no value is asked for, or several are."""
        return self.kind(self.problem, hint=self.hint)


class Failed(Exception):  # noqa: N818  (a state of things)
    """The store has not answered as it does when all is well."""

    def __init__(self, reason: str, *, may_pass: bool = True, is_down: bool = False, wait: float = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        """In few words, without the entry's name."""
        self.may_pass = may_pass
        """Whether it is of use to try again."""
        self.is_down = is_down
        """Whether it would not answer for another entry either."""
        self.wait = wait
        """How many seconds the store asks to wait."""


class NotAnswered(Exception):  # noqa: N818  (a state of things)
    """The store has not answered, however often it was asked, and is not asked again."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def of(self, label: str) -> Refused:
        """Return the refusal of the entry that messages call ``label``."""
        return Refused(f"{label} can't be had: {self.reason}")


class Overtaken(Exception):  # noqa: N818  (an answer)
    """The entry is no longer as it was seen, so that it was not written."""


def not_installed(what: str, client: str, extra: str) -> Refused:
    """Return the refusal where the client that ``extra`` of the package brings is not there."""
    return Refused(
        f"{what} needs {client}, which is not installed",
        hint=f"Install it: pip install 'sealgen[{extra}]'",
        kind=SealgenError,
    )
