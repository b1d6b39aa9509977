"""The page of a rotation says all of it, with placeholders, and takes no name for markup."""

from __future__ import annotations

from sealgen.recipe import Filtered, Reference
from sealgen.rotation.page import page
from sealgen.rotation.runbook import Command, Phase, Step

SQL = ("ALTER USER aura PASSWORD ", Filtered("sqlquote", (Reference("password"),)), ";\n")
STEPS = (
    Step(
        Phase.BEFORE,
        "change it",
        Command(("kubectl", "exec", "-i", "db-0", "--", "psql", "-d", "a b"), SQL, 600),
        Command(("undo",), None, 600),
    ),
    Step(Phase.AFTER, None, Command(("kubectl", "apply", "-k", "k8s"), None, 600), None),
)


def test_it_says_all_that_is_done() -> None:
    assert page("staging", {"password": ["app/A", "db/B"]}, STEPS, None, in_store=False) == (
        """# staging: rotate `password`

All of it is done, one step after another, by

```sh
sealgen rotate staging password --execute
```

«…» stands for what only that run has. Commands run in the project's root, with the current context of the kubeconfig.

## Seal

1. Make the next version of `password`, and seal what is made of it: `app/A`, `db/B`.

## Before the cluster has it

2. change it:

   ```sh
   kubectl exec -i db-0 -- psql -d 'a b'
   ```

   with this on its standard input:

   ```
   ALTER USER aura PASSWORD «password|sqlquote»;
   ```

   To undo it:

   ```sh
   undo
   ```

## To the cluster, and after

3. Run:

   ```sh
   kubectl apply -k k8s
   ```
"""
    )


def test_the_context_is_named_and_a_key_once() -> None:
    text = page("staging", {"a": ["app/A"], "b": ["app/A"]}, (), "aura@staging", in_store=False)
    assert "with the context aura&#64;staging of the kubeconfig." in text
    assert "seal what is made of it: `app/A`." in text


def test_no_text_ends_its_block_or_becomes_markup() -> None:
    hostile = Command(("echo", "```", "````\n# not a title"), ("```\n<b>\x1b[2J",), 600)
    text = page(
        "staging",
        {"password": []},
        (Step(Phase.VERIFY, "<img src=x> `a` *b*", hostile, None),),
        "`<i>`",
        in_store=False,
    )
    assert "<img" not in text
    assert "<i>" not in text
    assert "\x1b" not in text
    block = text[text.index("   `````sh\n") :]
    assert block == (
        "   `````sh\n   echo '```' '````\n   # not a title'\n   `````\n\n   with this on its standard input:\n\n"
        "   ````\n   ```\n   <b>\\x1b[2J\n   ````\n"
    )
