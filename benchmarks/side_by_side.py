"""sealgen and kubeseal on the same Secrets, in turn, in one run; with the bare RSA time as the limit."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

sys.path.append(str(Path(__file__).parents[1]))

from benchmarks import contenders, machine, profiling, projects

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.contenders import Contender, Cost

HERE = Path(__file__).parent
MIB = 2**20
ABOUT_RUNS = """
As in a clone: without what earlier runs on the same machine left in .sealgen, but for the key.
The peak is that of one process, where memory is watched that of all together, what they share counted once. That of
one process is never seen below that of the program that measures.
"""
ABOUT_PROFILES = """
The main thread was looked at every millisecond. RSA and AES run beside it on all cores, so a room that works meanwhile
can look slower than it is. Rooms with less than a hundredth are left out.
"""


class Size(NamedTuple):
    """How much is measured, and how often."""

    rounds: int
    secrets: int
    """In the usual environment."""
    templates: int
    environments: int
    """Of the project that is sealed by ``--all``; a tenth of them is sealed by their names, too."""
    each: int
    """Secrets in each of them; the large environment has as many as all of them."""


FULL = Size(rounds=5, secrets=1000, templates=20, environments=50, each=200)
SMALL = Size(rounds=1, secrets=40, templates=5, environments=20, each=4)


class Wanted(NamedTuple):
    """A measure, and what it ought to be."""

    what: str
    measured: float
    bound: Literal["at least", "at most"]
    limit: float
    unit: str = "times"

    @property
    def met(self) -> bool:
        """Whether it is as it ought to be."""
        return self.measured >= self.limit if self.bound == "at least" else self.measured <= self.limit


def lineup(folder: Path, size: Size, kubeseal: str) -> dict[str, Contender]:
    """Write the projects, and return what runs in each round, in its order."""
    controller = projects.controller()
    secrets, many, tenth = size.secrets, size.environments * size.each, size.environments // 10
    few = projects.write(folder / "few", controller.pem, 1, secrets, size.templates)
    different = projects.write(folder / "different", controller.pem, 1, secrets, secrets)
    large = projects.write(folder / "large", controller.pem, 1, many, size.templates)
    wide = projects.write(folder / "wide", controller.pem, size.environments, size.each, size.templates)
    projects.write_stream(few, size.templates)
    projects.write_stream(different, secrets)
    aura = folder / "aura"
    projects.copy_aura(aura)
    subprocess.run(["git", "init", "--quiet"], cwd=aura, check=True)

    found = {
        "kubeseal few": contenders.kubeseal(f"kubeseal, {secrets:,} Secrets in one stream", few, kubeseal),
        "few": contenders.sealing(f"sealgen, {secrets:,} Secrets from {size.templates} templates", few, 1),
        "unchanged": contenders.unchanged("sealgen, the same again, unchanged", few),
        "unchanged clone": contenders.unchanged(
            "sealgen, the same unchanged, as in a clone", few, projects.as_in_a_clone
        ),
        "kubeseal different": contenders.kubeseal(f"kubeseal, {secrets:,} other Secrets", different, kubeseal),
        "different": contenders.sealing(f"sealgen, {secrets:,} Secrets from {secrets:,} templates", different, 1),
        **_bare(controller, secrets * projects.KEYS, "few"),
        "large": contenders.sealing(f"sealgen, {many:,} Secrets in one environment", large, 1),
        "watched": contenders.watched("sealgen, the same from nothing, memory watched", large),
        "one": contenders.sealing("sealgen, one environment", wide, 1),
        "tenth": contenders.sealing(f"sealgen, {tenth} environments", wide, tenth),
        "all": contenders.sealing(
            f"sealgen, {size.environments} environments, --all", wide, size.environments, ["--all"]
        ),
        **_bare(controller, many * projects.KEYS, "all"),
        "aura clone": contenders.aura_by_sealgen(
            "sealgen, Aura's staging unchanged, as in a clone", aura, projects.as_in_a_clone
        ),
        "aura": contenders.aura_by_sealgen("sealgen, Aura's staging, unchanged", aura),
    }
    if shutil.which("kubectl"):
        found["kubectl"] = contenders.aura_by_kubectl("kubectl, kubeseal, three times each", aura, kubeseal)
    found["help"] = contenders.starting("sealgen --help", [contenders.SEALGEN, "--help"])
    found["click"] = contenders.starting('python -c "import click"', [sys.executable, "-c", "import click"])
    return found


def _bare(controller: projects.Controller, values: int, of: str) -> dict[str, Contender]:
    return {
        f"RSA {of}, {where}": contenders.bare_rsa(f"bare RSA, {where}", controller.public_key, values, threads)
        for where, threads in (("one core", 1), ("all cores", machine.cores()))
    }


def goals(seconds: Mapping[str, float], peaks: Mapping[str, int], values: Mapping[str, int]) -> list[Wanted]:
    """Return what was wanted, from the medians of the times and the highest peaks, by the contenders' short names."""

    def ratio(one: str, other: str) -> float:
        return seconds[one] / seconds[other]

    def per_value(one: str, other: str) -> float:
        return ratio(one, other) * values[other] / values[one]

    found = [
        Wanted("kubeseal to sealgen, few templates", ratio("kubeseal few", "few"), "at least", 4),
        Wanted(
            "kubeseal to sealgen, as many templates as Secrets", ratio("kubeseal different", "different"), "at least", 2
        ),
        Wanted("unchanged to first run", ratio("unchanged", "few"), "at most", 0.2),
        Wanted("unchanged in a clone to first run", ratio("unchanged clone", "few"), "at most", 0.2),
        Wanted(
            f"cost of a Secret, {_growth(values, 'few', 'large', projects.KEYS)}",
            per_value("large", "few"),
            "at most",
            1.25,
        ),
        Wanted("peak memory of the large environment", peaks["watched"] / MIB, "at most", 250, "MiB"),
        Wanted("--all to bare RSA on all cores", ratio("all", "RSA all, all cores"), "at most", 1.5),
        Wanted(f"cost of a value, {_growth(values, 'one', 'all')}", per_value("all", "one"), "at most", 1.25),
        Wanted("sealgen --help to import click", ratio("help", "click"), "at most", 2.5),
    ]
    if "kubectl" in seconds:
        found += [
            Wanted("Aura unchanged to kubectl and kubeseal", ratio("aura", "kubectl"), "at most", 1),
            Wanted("Aura in a clone to kubectl and kubeseal", ratio("aura clone", "kubectl"), "at most", 1),
        ]
    return found


def _growth(values: Mapping[str, int], small: str, large: str, each: int = 1) -> str:
    return f"{values[large] // each:,} to {values[small] // each:,}"


def measure(found: Mapping[str, Contender], rounds: int) -> dict[str, list[Cost]]:
    """Run all in turn, in each round."""
    costs: dict[str, list[Cost]] = {short: [] for short in found}
    for number in range(1, rounds + 1):
        print(f"round {number} of {rounds}", file=sys.stderr)
        for short, contender in found.items():
            costs[short].append(contender.run())
    return costs


def results(found: Mapping[str, Contender], costs: Mapping[str, Sequence[Cost]]) -> str:
    """Return the two tables: what was wanted, and what everything took."""
    seconds = {short: statistics.median(cost.seconds for cost in taken) for short, taken in costs.items()}
    peaks = {short: max(cost.peak for cost in taken) for short, taken in costs.items()}
    values = {short: contender.values for short, contender in found.items()}
    wanted = table(
        ("measure", "measured", "wanted", "met"),
        [
            (
                goal.what,
                f"{goal.measured:.2f} {goal.unit}",
                f"{goal.bound} {goal.limit:g} {goal.unit}",
                "yes" if goal.met else "**no**",
            )
            for goal in goals(seconds, peaks, values)
        ],
    )
    took = table(
        ("run", "values", "median", "fastest", "slowest", "a value", "peak memory"),
        [
            (
                contender.name,
                f"{contender.values:,}" if contender.values else "",
                *(f"{pick(cost.seconds for cost in costs[short]):.3f} s" for pick in (statistics.median, min, max)),
                f"{seconds[short] / contender.values * 1e6:,.0f} µs" if contender.values else "",
                f"{peaks[short] / MIB:.0f} MiB" if peaks[short] else "",
            )
            for short, contender in found.items()
        ],
    )
    missing = "" if "kubectl" in found else "\nNo kubectl here: Aura's own pipeline was not measured.\n"
    return f"{wanted}{missing}\n{took}{ABOUT_RUNS}"


def profiles(folder: Path, size: Size) -> str:
    """Return where the time of a first run and of one without changes goes, room by room."""
    root = folder / "profiled"
    project = projects.write(root, projects.controller().pem, 1, size.secrets, size.templates)
    arguments = ["-q", "seal", *project.environments]
    first, unchanged = (profiling.profile(arguments, root) for _ in range(2))
    rooms = sorted({*first.shares, *unchanged.shares}, key=lambda room: -first.shares.get(room, 0))
    rows = [
        (room, *(f"{run.seconds * run.shares.get(room, 0):.3f} s" for run in (first, unchanged)))
        for room in rooms
        if max(run.shares.get(room, 0) for run in (first, unchanged)) >= 0.01
    ]
    title = f"{size.secrets:,} Secrets of {projects.KEYS} values from {size.templates} templates"
    whole = ("all", f"{first.seconds:.3f} s", f"{unchanged.seconds:.3f} s")
    return f"{title}\n\n{table(('room', 'first run', 'unchanged'), [*rows, whole])}{ABOUT_PROFILES}"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table in Markdown that reads well as it is: the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        return "| " + " | ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]) + " |\n"

    rule = "|" + "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|\n"
    return line(head) + rule + "".join(line(row) for row in rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure sealgen beside kubeseal, and say whether it is fast enough.")
    parser.add_argument(
        "--small", action="store_true", help="tiny sizes, once: its numbers mean nothing, but that all works"
    )
    parser.add_argument("--profile", action="store_true", help="show where the time goes, instead")
    parser.add_argument("--keep", action="store_true", help="write what is printed to benchmarks/, too")
    parser.add_argument("--rounds", type=int, help="how often all are measured in turn")
    given = parser.parse_args()
    if given.small and given.keep:
        parser.error("a small run's numbers say nothing that is worth keeping")
    size = SMALL if given.small else FULL
    program = os.environ.get("KUBESEAL") or shutil.which("kubeseal")
    if program is None:
        sys.exit("no kubeseal: set KUBESEAL, or run make bench")
    kubeseal = str(Path(program).resolve())
    described = machine.description(kubeseal)
    if given.small:
        described += "\n- tiny sizes: what follows shows that it works, not how fast it is"
    texts = {}
    with tempfile.TemporaryDirectory() as name:
        try:
            if not given.profile:
                rounds = given.rounds or size.rounds
                found = lineup(Path(name), size, kubeseal)
                neighbours = machine.Neighbours()
                measured = results(found, measure(found, rounds))
                how = f"{neighbours.description()}\n- RSA of 4096 bits; median of {rounds}, all in turn each time"
                texts["results.md"] = f"# Side by side\n\n{described}\n{how}\n\n{measured}"
            if given.profile or given.small:
                neighbours = machine.Neighbours()
                shares = profiles(Path(name), size)
                texts["profile.md"] = f"# Where the time goes\n\n{described}\n{neighbours.description()}\n\n{shares}"
        except contenders.WrongError as error:
            sys.exit(f"side_by_side.py: {error}")
    for file, text in texts.items():
        print(text)
        if given.keep:
            (HERE / file).write_text(text)


if __name__ == "__main__":
    main()
