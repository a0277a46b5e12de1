"""What the tests of the two production commands share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ptychoparity.reference.config import legacy


@pytest.fixture(autouse=True)
def _legacy_dictionary_restored() -> Iterator[None]:
    before = dict(legacy.cfg)
    yield
    legacy.unseal()
    legacy.cfg.clear()
    legacy.cfg.update(before)
