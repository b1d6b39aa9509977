"""What AWS's two stores have in common: a client, and what its errors mean.

The client finds credentials as AWS's own command does. It does not try again: whoever reads does. Sources: the API
references of AWS Secrets Manager and AWS Systems Manager; botocore's exceptions.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from sealgen.errors import ConfigurationError, quoted, shortened
from sealgen.stores.refusal import Failed, Overtaken, Refused, not_installed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence, Set

    from sealgen.stores.deadline import Deadline
    from sealgen.values.aws import AwsStore
    from sealgen.values.entry import Entry

T = TypeVar("T")

_NOT_THERE = frozenset({"ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound"})
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "DecryptionFailure", "KMSAccessDeniedException"})
_NOT_KNOWN = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "UnrecognizedClientException",
    }
)
_MAY_PASS = frozenset({"RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException"})


class Aws:
    """A service of AWS, in a region."""

    def __init__(self, session: Any, service: str, called: str, store: AwsStore, region: str) -> None:
        self._session = session
        self._service = service
        self._store = store
        self._region = region
        self.where = f"{called}, region {region}" + (f", at {store.endpoint}" if store.endpoint else "")
        self._clients: dict[float, Any] = {}
        self._lock = threading.Lock()

    def call(
        self,
        entry: Entry,
        label: str,
        deadline: Deadline,
        request: Callable[[Any], T],
        overtaken: Set[str] = frozenset(),
    ) -> T:
        """Return what ``request`` gets from the client; raises Refused and Failed for what goes wrong.

        Raises Overtaken where it goes wrong with one of the codes ``overtaken``.
        """
        import botocore.exceptions as fault  # noqa: PLC0415
        from botocore.parsers import ResponseParserError  # noqa: PLC0415

        deadline.left()
        try:
            return request(self._client(deadline.seconds))
        except fault.ClientError as error:
            if error.response.get("Error", {}).get("Code") in overtaken:
                raise Overtaken from None
            raise self._answered(error.response, label, str(error.operation_name)) from None
        except (fault.ConnectTimeoutError, fault.ReadTimeoutError):
            deadline.left()
            raise Failed("no answer in time", is_down=True) from None
        except fault.SSLError:
            raise Failed("its certificate is not trusted", may_pass=False, is_down=True) from None
        except fault.EndpointConnectionError:
            raise Failed("no connection", is_down=True) from None
        except (fault.HTTPClientError, fault.IncompleteReadError):
            raise Failed("the connection was cut", is_down=True) from None
        except fault.ParamValidationError:
            raise Refused(f"AWS takes {quoted(entry.name)} for no name", kind=ConfigurationError) from None
        except (ResponseParserError, KeyError, TypeError):
            # Of what is no JSON the client makes an answer that has nothing.
            raise Failed("it answers as AWS does not; is there a proxy on the way?") from None
        except fault.BotoCoreError as error:
            # What it says may hold what a program or a file with credentials said.
            raise Refused(
                f"{self.where}: there are no credentials to ask with ({type(error).__name__})",
                hint=f"Sign in as for the aws command; try it: {self._try_it()}",
            ) from None

    def _answered(self, response: Mapping[str, Any], label: str, operation: str) -> Refused | Failed:
        code = str(response.get("Error", {}).get("Code", ""))
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _NOT_THERE:
            return Refused(f"there is no {label}")
        if code in _DENIED:
            needed = None if operation.startswith("Get") else f"{self._service}:{operation}"
            return Refused(
                f"{self.where} refuses {label.partition(' in AWS')[0]} to {self._who()} ({code})",
                hint=needed and f"It needs the permission {needed}.",
            )
        if code in _NOT_KNOWN:
            return Refused(
                f"{self.where} does not accept {self._who()} ({code})",
                hint=f"Sign in as for the aws command; try it: {self._try_it()}",
            )
        if code in _MAY_PASS or status == 429 or status >= 500:
            return Failed(f"it answers {shortened(code)} ({status})")
        if code == "InvalidRequestException":
            done = "read" if operation.startswith("Get") else "written"
            return Refused(f"{label} can't be {done} as it is now; is it scheduled for deletion?")
        return Refused(f"{self.where} answers {label.partition(' in AWS')[0]} with {shortened(code)} ({status})")

    def _client(self, seconds: float) -> Any:
        import botocore.config  # noqa: PLC0415

        with self._lock:
            if seconds not in self._clients:
                config = botocore.config.Config(
                    retries={"total_max_attempts": 1}, connect_timeout=seconds, read_timeout=seconds
                )
                self._clients[seconds] = self._session.client(
                    self._service, region_name=self._region, endpoint_url=self._store.endpoint, config=config
                )
            return self._clients[seconds]

    def _who(self) -> str:
        found = self._session.get_credentials()
        profile = f" of the profile {quoted(self._session.profile_name)}" if self._store.profile else ""
        return f"the credentials{profile} that are found by {found.method}" if found else "nobody"

    def _try_it(self) -> str:
        return "aws sts get-caller-identity" + (f" --profile {self._store.profile}" if self._store.profile else "")


def connect(store: AwsStore, environ: Mapping[str, str], service: str, called: str) -> Aws:
    """Return the service in the store's region; raises Refused where there is no client, region or profile."""
    try:
        import boto3  # noqa: PLC0415  (a quarter of a second)
        import botocore.exceptions  # noqa: PLC0415
    except ModuleNotFoundError:
        raise not_installed(f"reading {called}", "boto3", "aws") from None
    try:
        session = boto3.Session(profile_name=store.profile)
        region = store.region or environ.get("AWS_REGION") or session.region_name
    except botocore.exceptions.ProfileNotFound:
        name = store.profile or environ.get("AWS_PROFILE", "")
        raise Refused(f"AWS's configuration has no profile {quoted(name)}") from None
    except botocore.exceptions.BotoCoreError as error:
        raise Refused(f"AWS's configuration can't be read ({type(error).__name__})") from None
    if not region:
        _no_region(called, store.kind)
    return Aws(session, service, called, store, region)


def tags_of(found: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return tags by name, of what AWS lists them as."""
    return {tag["Key"]: tag["Value"] for tag in found}


def as_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as AWS lists them."""
    return [{"Key": name, "Value": text} for name, text in tags.items()]


def _no_region(called: str, kind: str) -> NoReturn:
    raise Refused(
        f"it is not said in which region {called} is to be asked",
        hint=f"Set AWS_REGION, or write stores: {{main: {{kind: {kind}, region: …}}}}.",
    )
