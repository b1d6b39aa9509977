"""The source ``aws-secretsmanager``: a secret of AWS Secrets Manager, or a property of the JSON that it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sealgen.values.aws import AwsStore, name_problem, record
from sealgen.values.stored import shape
from sealgen.yaml.schema import Field, Text

if TYPE_CHECKING:
    from sealgen.values.source import Source
    from sealgen.yaml.schema import Record


@dataclass(frozen=True)
class SecretsManagerStore(AwsStore):
    """Secrets Manager in a region."""

    kind: ClassVar[str] = "aws-secretsmanager"


STORE = record(SecretsManagerStore, "AWS Secrets Manager.")
SHAPE: Record[Source] = shape(
    SecretsManagerStore(),
    Field(Text(problem=name_problem), "A secret of AWS Secrets Manager: its name or ARN.", required=True),
    property_of="A key of the JSON that the secret holds; a list leads deeper. Default: all of it, text or binary.",
    version=Field(
        Text(pattern=r"[^\s]{1,256}", words="a version's ID or a staging label"),
        "A version's ID (32 characters or more) or a staging label, as AWSPREVIOUS; default: AWSCURRENT.",
    ),
)


def is_version_id(text: str) -> bool:
    """Tell whether a version is said by its ID, and not by a staging label.

    As an ID, AWS takes 32 to 64 characters; a label may have as many, and none does.
    """
    return re.fullmatch(r"[A-Za-z0-9-]{32,64}", text) is not None
