"""Speed as ratios of two computations in one run; the table of them ends the session."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

RESULTS = pytest.StashKey[list["Result"]]()


@dataclass(frozen=True)
class Result:
    """One measured ratio, and the most that it may be."""

    name: str
    seconds: float
    against: float
    bar: float | None

    @property
    def ratio(self) -> float:
        return self.seconds / self.against

    def __str__(self) -> str:
        verdict = "no bar" if self.bar is None else f"{'met' if self.ratio <= self.bar else 'MISSED'}"
        bar = "-" if self.bar is None else f"{self.bar:.2f}"
        times = f"{1e3 * self.seconds:10.1f} {1e3 * self.against:10.1f}"
        return f"{self.name:<58} {times} {self.ratio:7.2f} {bar:>5}  {verdict}"


def pytest_configure(config):
    config.stash[RESULTS] = []


def pytest_terminal_summary(terminalreporter, config):
    if results := config.stash[RESULTS]:
        terminalreporter.section("ratios of processor time")
        terminalreporter.line(f"{'':<58} {'ms':>10} {'against':>10} {'ratio':>7} {'bar':>5}")
        for result in results:
            terminalreporter.line(str(result))


@pytest.fixture
def compare(request, benchmark) -> Callable[..., None]:
    """Measure a computation against another one, turn by turn, and fail where the ratio exceeds the bar.

    Processor time, and the least of many rounds on both sides, so that other work on the machine hardly
    counts. Without benchmarking (``--benchmark-disable``) both only run once.
    """

    def measure(computation, baseline, bar=None, rounds=15):
        against = []

        def timed_baseline():
            start = time.process_time()
            baseline()
            against.append(time.process_time() - start)

        benchmark.pedantic(computation, setup=timed_baseline, rounds=rounds, warmup_rounds=1)
        if not benchmark.stats:
            return
        result = Result(request.node.name, benchmark.stats.stats.min, min(against), bar)
        request.config.stash[RESULTS].append(result)
        benchmark.extra_info.update(against=result.against, ratio=result.ratio, bar=bar)
        assert bar is None or result.ratio <= bar, str(result)

    return measure
