"""What Jinja2 gives of a template, and every failure with the template's line."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, cast

import jinja2
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.utils import internal_code

from sealgen.errors import ConfigurationError, Mark, SealgenError, did_you_mean
from sealgen.template import FOLDER
from sealgen.template.limits import Steps
from sealgen.template.opaque import Opaque
from sealgen.template.rendered import assemble
from sealgen.template.sandbox import environment_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sealgen.template.rendered import Piece, Rendered


class Interpreter:
    """Renders templates; ``load`` gives the text of one by its name below ``templates/``, or None."""

    def __init__(self, load: Callable[[str], str | None]) -> None:
        self._environment = environment_of(load)

    def render(self, name: str, seen: Mapping[str, Any]) -> Rendered:
        """Render ``templates/<name>``, which sees what is in ``seen``.

        Raises ConfigurationError with the template's line for whatever goes wrong.
        """
        file = f"{FOLDER}/{name}"
        try:
            self._environment.steps = Steps()
            template = self._environment.get_template(name)
            context = template.new_context(dict(seen))
            groups = cast("Iterable[tuple[Piece, ...]]", template.root_render_func(context))
            try:
                return assemble(file, groups)
            except SealgenError:
                self._unwind(groups)
                raise
        except SealgenError:
            raise
        except jinja2.TemplateNotFound as error:
            problem = f"there is no template {FOLDER}/{error.name}" if error.name else f"{error}"
            raise ConfigurationError(problem, at=_place(error) or Mark(file, 1, 0)) from None
        except TemplateSyntaxError as error:
            raise ConfigurationError(
                self._advised(f"{error.message}"), at=Mark(error.filename or file, error.lineno, 0)
            ) from None
        except SyntaxError as error:
            # Jinja2 leaves it to Python to find, say, a parameter that occurs twice; the line is not a template's.
            raise ConfigurationError(f"not a template: {error.msg}", at=Mark(error.filename or file, 1, 0)) from None
        except RecursionError as error:
            raise ConfigurationError(
                "templates include or call each other without end, or something is nested too deep",
                at=_place(error) or Mark(file, 1, 0),
            ) from None
        except Exception as error:
            place = _place(error)
            if place is None and isinstance(error, ValueError):
                # Python's limit on the digits of a number, met while the template is read; it knows no line.
                raise ConfigurationError(
                    f"not a template: {str(error).partition(';')[0]}", at=Mark(file, 1, 0)
                ) from None
            if place is None:
                raise  # nothing that a template did
            raise ConfigurationError(self._problem(error), at=place) from None

    def _unwind(self, groups: Iterable[object]) -> None:
        """End a rendering from its inside; ended by whoever reads it, deep includes leave tracebacks at stderr."""
        self._environment.steps.left = 0
        with contextlib.suppress(Exception):
            for _ in groups:
                pass

    def _problem(self, error: Exception) -> str:
        if isinstance(error, SecurityError):
            return f"not allowed in a template: {error}"
        if isinstance(error, MemoryError):
            return "this needs more memory than there is"
        # Python's own messages call a stand-in by its class.
        return self._advised(str(error).replace(Opaque.__name__, "a secret"))

    def _advised(self, problem: str) -> str:
        """Return the message, with the nearest name where a filter or a test is not known."""
        if match := re.fullmatch(r"No (filter|test) named '(\w+)'( found)?\.", problem):
            kind_of, name = match[1], match[2]
            known = self._environment.filters if kind_of == "filter" else self._environment.tests
            return f"there is no {kind_of} '{name}'{did_you_mean(name, known)}"
        return problem


def _place(error: BaseException) -> Mark | None:
    """Return the innermost line of a template in the error's traceback."""
    place, frame = None, error.__traceback__
    while frame is not None:
        code = frame.tb_frame.f_code
        if code.co_filename.startswith(f"{FOLDER}/") and code not in internal_code:
            template: jinja2.Template = frame.tb_frame.f_globals["__jinja_template__"]
            place = Mark(code.co_filename, template.get_corresponding_lineno(frame.tb_lineno), 0)
        frame = frame.tb_next
    return place
