"""One backend in a process of its own: ``python -m ptychoparity.conformance.worker``.

Speaks JSON lines on standard output: ``{"case": id, "number": n, "total": m}`` before every case,
``{"done": path}`` at the end, ``{"unusable": why}`` (exit status 3) where the backend cannot run here.
Everything else that a framework prints goes to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from ptychoparity.backends import registry
from ptychoparity.backends.contract import Unusable
from ptychoparity.conformance.recorder import record
from ptychoparity.conformance.storage import Reader

UNUSABLE = 3


def main() -> int:
    """Record one backend."""
    parser = argparse.ArgumentParser(description="Record the evidence of one backend.")
    parser.add_argument("--backend", required=True)
    parser.add_argument("--cases", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--perturb", type=int)
    given = parser.parse_args()
    # Frameworks write to standard output as they please: keep the line to the parent for ourselves.
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def say(**message: object) -> None:
        channel.write(json.dumps(message) + "\n")

    try:
        registry.require_registered(given.backend)
    except LookupError as error:
        say(unusable=str(error))
        return UNUSABLE
    try:
        backend = registry.load(given.backend)
    except Unusable as error:
        say(unusable=str(error))
        return UNUSABLE
    cases = Reader(given.cases)

    def progress(case: str, number: int, total: int) -> None:
        say(case=case, number=number, total=total)

    record(backend, cases, given.out, progress, given.perturb)
    say(done=str(given.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
