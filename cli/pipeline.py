"""The three steps of the main job. They share only files, so each can run alone, elsewhere, or later."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from ptychoparity.backends import registry
from ptychoparity.cli.console import line
from ptychoparity.cli.errors import BadInputError, bad_input
from ptychoparity.cli.options import interpreters
from ptychoparity.cli.progress import shown
from ptychoparity.conformance import evidence, processes, report, verdict
from ptychoparity.conformance.casefile import write_cases
from ptychoparity.conformance.evidence import Broken
from ptychoparity.conformance.scenarios import measured, select
from ptychoparity.fixtures.minimal import load_minimal_path
from ptychoparity.reports.document import load_report, save_report
from ptychoparity.reports.html import render_html
from ptychoparity.reports.junit import render_junit
from ptychoparity.reports.markdown import render_markdown
from ptychoparity.reports.terminal import render_terminal

REFERENCES = (evidence.TRUTH, evidence.FLOAT32)


@dataclass(frozen=True)
class Folder:
    """Where each step leaves its files."""

    path: Path

    @property
    def cases(self) -> Path:
        """The questions."""
        return self.path / "cases.h5"

    @property
    def evidence(self) -> Path:
        """The answers, one file a backend."""
        return self.path / "evidence"

    @property
    def recording(self) -> Path:
        """What was to be recorded, and what became of it."""
        return self.evidence / "recording.json"

    @property
    def report(self) -> Path:
        """The judgement."""
        return self.path / "report.json"

    @property
    def page(self) -> Path:
        """The judgement, to look at."""
        return self.path / "report.html"


def prepare(out: Path) -> Folder:
    """Make the output folder and remove an earlier report, which must not pass for the new one.

    Raises:
        BadInputError: it cannot be made or written to.
    """
    folder = Folder(out)
    with bad_input(f"--out {out}"):
        folder.evidence.mkdir(parents=True, exist_ok=True)
        for stale in ("report.json", "report.html", "summary.md", "junit.xml"):
            (out / stale).unlink(missing_ok=True)
        probe = out / ".writable"
        probe.touch()
        probe.unlink()
    return folder


def chosen_backends(names: tuple[str, ...], pythons: tuple[str, ...]) -> list[processes.Recording]:
    """What to record: the named backends, or every registered one.

    Raises:
        BadInputError: a name or an interpreter is not known.
    """
    registered = registry.registered()
    places = interpreters(pythons, list(registered))
    for name in names:
        with bad_input():
            registry.require_registered(name)
    wanted = names or tuple(name for name in registered if name not in REFERENCES)
    here = Path(sys.executable)
    return [
        processes.Recording(name, name, places.get(name, here)) for name in wanted if name not in REFERENCES
    ]


def write_questions(folder: Folder, scenarios: tuple[str, ...], data: Path | None, console: Console) -> None:
    """Build the cases from the built-in or the user's data; what is odd about the data is said in a line.

    Raises:
        BadInputError: no scenario matches, or the data file breaks the contract.
    """
    with bad_input():
        chosen = select(scenarios)
    source = data or load_minimal_path()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if any(scenario.measured for scenario in chosen):
            with bad_input(f"--data {source}"):
                measured.load(source)
        with bad_input(f"--out {folder.path}"):
            write_cases(folder.cases, chosen, source)
    for text in dict.fromkeys(str(item.message) for item in caught):
        line(console, f"note: {source.name}: {text}", "yellow")


def record(
    folder: Folder,
    backends: Sequence[processes.Recording],
    references: Sequence[processes.Recording],
    asked_for: bool,
    timeout: float,
    console: Console,
) -> None:
    """Run the recorders, the backends first, and write down what became of each.

    A backend that is registered but not usable here is refused when it was asked for by name, and
    left out, with a line that says so, when it was not.

    Raises:
        BadInputError: a backend that was asked for is not usable, or none is.
    """
    with shown([*backends, *references], console) as progress:
        results = processes.record_all(backends, folder.cases, folder.evidence, progress, timeout)
        left_out = [result.unusable for result in results if result.unusable]
        if left_out and (asked_for or len(left_out) == len(backends)):
            raise BadInputError(left_out[0] if asked_for else f"no backend can run here: {left_out[0]}")
        results += processes.record_all(references, folder.cases, folder.evidence, progress, timeout)
    for reason in left_out:
        line(console, f"left out: {reason}", "yellow")
    state = {
        "recorded": [result.recording.name for result in results if result.evidence],
        "broken": [asdict(result.broken) for result in results if result.broken],
        "left_out": left_out,
    }
    folder.recording.write_text(json.dumps(state, indent=2), "utf-8")


def judge(folder: Folder, extra: Sequence[Path], known: Path | None) -> dict[str, Any]:
    """Judge the folder's evidence and any further files; writes ``report.json``.

    Raises:
        BadInputError: evidence is missing, unreadable, or answers other cases.
    """
    with bad_input():
        if not folder.recording.is_file() and not extra:
            raise FileNotFoundError(f"{folder.recording} does not exist: run 'ptychoparity record' first")
        state = json.loads(folder.recording.read_text("utf-8")) if folder.recording.is_file() else {}
        paths = [folder.evidence / f"{name}.h5" for name in state.get("recorded", [])]
        broken = [Broken(**item) for item in state.get("broken", [])]
        ledger = verdict.read_ledger(known) if known else []
        judged = report.judge([*paths, *extra], broken, ledger, state.get("left_out", []))
        folder.path.mkdir(parents=True, exist_ok=True)
        save_report(judged, folder.report)
    return judged


def render(folder: Folder, console: Console) -> int:
    """Draw the folder's report in every form; returns the exit status that the report demands.

    Raises:
        BadInputError: there is no report, or it is not one.
    """
    with bad_input():
        judged = load_report(folder.report)
    page = render_html(judged, folder.evidence)
    with bad_input(f"--out {folder.path}"):
        for path, text in (
            (folder.page, page),
            (folder.path / "summary.md", render_markdown(judged)),
            (folder.path / "junit.xml", render_junit(judged)),
        ):
            partial = path.with_name(path.name + ".partial")
            partial.write_text(text, "utf-8")
            partial.replace(path)
    render_terminal(judged, console)
    line(console, f"Report: {folder.page}")
    status: int = judged["verdict"]["exit_status"]
    return status
