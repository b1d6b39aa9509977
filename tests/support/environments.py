"""Environment files in memory: what a file says, what an editor's schema says of it, and a base to extend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from sealgen.config import environment as config
from sealgen.config.editor_schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.config.environment import Environment

PIN = "SHA256:o8VHnqBpoKvASyDmnIWPIqrxogyNAMY9EOCWRsGihFE"
OTHER_PIN = "SHA256:/KxLE/niM1FcsiHMmabYuxoiVnd0+5HIer9ahnd+eEQ"
BASE = f"""\
namespace: aura
backend:
  kind: sealed-secrets
  certificate: environments/certificates/aura.pem
  fingerprint: {PIN}
output: k8s/overlays/aura
vars:
  host: postgres
  ports: {{http: 80, list: [1, 2]}}
values:
  jwt_key: {{generate: hex, bytes: 48, min_length: 32, rotate_every: 90d}}
  user: {{literal: aura}}
  cert: {{file: cert.pem, trim: true}}
secrets: [backend, redis]
"""
SCHEMA = json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def schema_accepts(text: str) -> bool:
    """Tell whether the schema accepts YAML as an editor reads it, which is by YAML 1.2."""
    return bool(VALIDATOR.is_valid(YAML(typ="safe", pure=True).load(text)))


def load(files: Mapping[str, str], name: str = "staging") -> Environment:
    """Load an environment of files by their names in ``environments/``, without ``.yaml``."""
    return config.load(name, reader(files))


def over_base(text: str, base: str = BASE) -> Environment:
    """Load the environment ``staging`` that extends a base."""
    return load({"staging": f"extends: base\n{text}", "base": base})


def reader(files: Mapping[str, str]) -> Any:
    paths = {f"environments/{name}.yaml": text.encode() for name, text in files.items()}
    return paths.get
