"""A file beside the SealedSecrets says in its first line whose it is, and what it comes from."""

from __future__ import annotations

from sealgen.kubernetes.own_files import is_ours, marked

TEXT = marked("access", "environments/staging.yaml", "---\nkind: Role\n").encode()


def test_the_first_line_says_what_it_comes_from() -> None:
    assert TEXT == (
        b"# Written by sealgen from access: in environments/staging.yaml; sealgen seal undoes what is changed here.\n"
        b"---\nkind: Role\n"
    )


def test_the_first_line_alone_says_that_sealgen_wrote_it() -> None:
    assert is_ours(TEXT, "access")
    assert is_ours(TEXT.splitlines(keepends=True)[0] + b"something else", "access")
    assert not is_ours(b"---\n" + TEXT, "access")
    assert not is_ours(b"", "access")


def test_a_file_of_another_field_is_another_file() -> None:
    assert not is_ours(TEXT, "rollout")
