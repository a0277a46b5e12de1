from collections.abc import Iterator

import pytest

from ptychoparity.reference.config import legacy


@pytest.fixture(autouse=True)
def _legacy_dictionary_restored() -> Iterator[None]:
    """Start each test from the built-in defaults and leave the dictionary as it was found."""
    before = dict(legacy.cfg)
    legacy.cfg.clear()
    legacy.cfg.update(legacy.LEGACY_DEFAULTS)
    yield
    legacy.unseal()
    legacy.cfg.clear()
    legacy.cfg.update(before)
