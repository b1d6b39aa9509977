"""The source ``aws-ssm``: a parameter of AWS Systems Manager's Parameter Store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sealgen.values.aws import AwsStore, name_problem, record
from sealgen.values.stored import shape
from sealgen.yaml.schema import Field, Text

if TYPE_CHECKING:
    from sealgen.values.source import Source
    from sealgen.yaml.schema import Record


@dataclass(frozen=True)
class ParameterStore(AwsStore):
    """Parameter Store in a region."""

    kind: ClassVar[str] = "aws-ssm"


STORE = record(ParameterStore, "AWS Systems Manager's Parameter Store.")
SHAPE: Record[Source] = shape(
    ParameterStore(),
    Field(Text(problem=name_problem), "A parameter of AWS's Parameter Store: its name or ARN.", required=True),
    property_of="A key of the JSON that the parameter holds; a list leads deeper. Default: all of it.",
    version=Field(
        Text(pattern=r"[A-Za-z0-9_.-]{1,100}", words="a version's number or a label"),
        "A version's number or a label; default: the newest.",
    ),
)
