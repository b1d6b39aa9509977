"""What AWS's two stores have in common: a region, signed in to as AWS's own command does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sealgen.yaml.schema import Field, Record, Text

if TYPE_CHECKING:
    from sealgen.yaml.schema import Fields


@dataclass(frozen=True)
class AwsStore:
    """A region of an account; what is None, AWS's own variables and configuration files say."""

    kind: ClassVar[str]

    region: str | None = None
    """$AWS_REGION, $AWS_DEFAULT_REGION, or the profile's"""
    profile: str | None = None
    """$AWS_PROFILE"""
    endpoint: str | None = None
    """$AWS_ENDPOINT_URL_SECRETS_MANAGER, $AWS_ENDPOINT_URL_SSM, or $AWS_ENDPOINT_URL"""


def name_problem(text: str) -> str | None:
    """Say what is wrong with a name or an ARN; the service knows the rest."""
    return None if text and text.isprintable() and " " not in text else "it must be a name or an ARN, without spaces"


def record(store: type[AwsStore], description: str) -> Record[AwsStore]:
    """Return the fields of a store of this class."""

    def build(fields: Fields) -> AwsStore:
        return store(fields["region"], fields["profile"], fields["endpoint"])

    return Record(
        {
            "kind": Field(Text(choices=(store.kind,)), description),
            "region": Field(Text(pattern=r"[a-z0-9-]+", words="a region's name"), "Default: AWS's own configuration."),
            "profile": Field(Text(), "A profile of AWS's configuration files; default: $AWS_PROFILE."),
            "endpoint": Field(
                Text(pattern=r"https?://[^\s/?#@]+[^\s?#@]*", words="an http:// or https:// URL"),
                "The URL of another endpoint, as of a private network; default: the region's.",
            ),
        },
        build,
    )
