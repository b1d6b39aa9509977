"""Reading a credential where an environment file says that it is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sealgen.regular_file import NotRegularError, TooLargeError, read_regular
from sealgen.stores.refusal import Refused
from sealgen.values.file import LINE_ENDS
from sealgen.values.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sealgen.values.credential import Credential

_MAX_BYTES = 65536


def read(credential: Credential, root: Path, environ: Mapping[str, str], purpose: str) -> Secret:
    """Return the credential; raises Refused, with its ``purpose``, where it is not there or empty."""
    if credential.env is not None:
        content = os.fsencode(environ.get(credential.env, ""))
        missing = f"set {credential.env}"
    else:
        missing = f"put it into {credential.file}"
        try:
            content = read_regular(str(root / str(credential.file)), _MAX_BYTES).rstrip(LINE_ENDS)
        except (FileNotFoundError, NotADirectoryError):
            content = b""
        except OSError as error:
            raise Refused(f"{purpose}: {credential} can't be read: {error.strerror}") from None
        except (NotRegularError, TooLargeError):
            raise Refused(f"{purpose}: {credential} is no file with a credential") from None
    if not content:
        raise Refused(f"{purpose}: there is nothing in {credential}", hint=f"{missing} and run again")
    return Secret(content)
