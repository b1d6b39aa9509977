"""SOPS: what its command prints arrives; what it refuses is told without a word of what it printed."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from sealgen.errors import CannotTell, ConfigurationError, SealgenError
from tests.stores.asking import refused, value
from tests.values.reading import CANARY, read, refusal

if TYPE_CHECKING:
    from pathlib import Path

YAML = "{sops: secrets.yaml, property: [postgres, password]}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with files to decrypt."""
    for name in ("secrets.yaml", "secrets.bin"):
        (tmp_path / name).write_text("encrypted")
    return tmp_path


def environ(root: Path, script: str) -> dict[str, str]:
    """Return an environment whose sops is this shell script."""
    (root / "bin").mkdir(exist_ok=True)
    (root / "bin/sops").write_text(f"#!/bin/sh\n{script}\n")
    (root / "bin/sops").chmod(0o700)
    return {"PATH": f"{root}/bin:{os.environ['PATH']}", "SEALGEN_FINGERPRINT_KEY": CANARY}


def test_a_property_of_a_file_of_keys(root: Path) -> None:
    script = """echo "$@ $SEALGEN_FINGERPRINT_KEY" >> calls; echo '{"postgres": {"password": "x y", "port": 5432}}'"""
    around = environ(root, script)
    assert value(YAML, root, around) == b"x y"
    assert value("{sops: secrets.yaml, property: [postgres, port]}", root, around) == b"5432"
    assert (root / "calls").read_text() == f"--decrypt --output-type json {root}/secrets.yaml \n" * 2


def test_all_of_another_file(root: Path) -> None:
    around = environ(root, r"""printf '\000\377\n'; echo "$@" >> calls""")
    assert value("{sops: secrets.bin}", root, around) == b"\0\xff\n"
    assert (root / "calls").read_text() == f"--decrypt {root}/secrets.bin\n"


@pytest.mark.parametrize(
    ("script", "kind", "message"),
    [
        (
            "exit 128",
            CannotTell,
            "sops has none of the keys that open secrets.yaml\nTry it: sops decrypt secrets.yaml",
        ),
        ("exit 51", SealgenError, "sops refuses secrets.yaml: it was altered after it was encrypted"),
        (
            "exit 3",
            CannotTell,
            (
                "sops can't decrypt secrets.yaml (status 3)\n"
                "Its error output may hold a value and is not shown; try it: sops decrypt secrets.yaml"
            ),
        ),
        ("", SealgenError, "secrets.yaml holds no keys"),
    ],
)
def test_each_way_to_fail_has_one_clear_error(root: Path, script: str, kind: type[SealgenError], message: str) -> None:
    around = environ(root, f"echo '\"{CANARY}\"'; echo {CANARY} >&2; {script}")
    assert refused(YAML, root, around) == (kind, f"values.password: {message}")


def test_there_is_no_such_property(root: Path) -> None:
    around = environ(root, f"""echo '{{"postgres": {{"pasword": "{CANARY}"}}}}'""")
    assert refused(YAML, root, around) == (
        CannotTell,
        "values.password: 'postgres' of secrets.yaml has no property 'password'; did you mean 'pasword'?",
    )
    assert refused("{sops: secrets.yaml}", root, around) == (
        SealgenError,
        "values.password: secrets.yaml is an object, not text",
    )


def test_there_is_no_file_or_no_program(root: Path) -> None:
    assert refused("{sops: none.yaml, property: x}", root, environ(root, "")) == (
        CannotTell,
        "values.password: there is no file none.yaml for sops to decrypt",
    )
    assert refused(YAML, root, {"PATH": "/nowhere"}) == (
        CannotTell,
        (
            "values.password: secrets.yaml needs the program sops, which can't be started: No such file or directory\n"
            "Install it, or add its folder to PATH."
        ),
    )


def test_a_program_that_takes_too_long_is_ended(root: Path) -> None:
    started = time.monotonic()
    yaml = "{sops: secrets.yaml, property: x, timeout: 1s}"
    assert refused(yaml, root, environ(root, "sleep 60")) == (
        CannotTell,
        "values.password: secrets.yaml can't be had: no answer within 1 s",
    )
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("{sops: ''}", "1:8: values.password.sops: a path is missing"),
        (
            "{sops: a, version: 1}",
            (
                "1:11: values.password.version goes with vault or aws-secretsmanager or aws-ssm or gcp-secretmanager "
                "or azure-keyvault, not with sops, which takes property, encoding, timeout"
            ),
        ),
    ],
)
def test_what_can_not_be_is_refused(yaml: str, message: str) -> None:
    assert refusal(yaml, ConfigurationError) == f"base.yaml:{message}"


def test_it_can_be_read_again() -> None:
    source = read(YAML).source
    assert not source.made
    assert source.specification() == {"sops": "secrets.yaml", "property": ["postgres", "password"]}
