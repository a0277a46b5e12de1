"""Bad input is refused at the border in the words of the reference, before anything is computed."""

import numpy as np
import pytest

ONES = np.ones((2, 8, 8, 4), np.complex64)
FLAT = np.zeros((2, 1, 2, 4))
PROBE = np.ones((1, 8, 8), np.complex64)
WAVES = np.ones((1, 2, 8, 8, 4), np.complex64)
RIM = np.pad(np.zeros((1, 6, 6)), [(0, 0), (1, 1), (1, 1)], constant_values=1)
NAN = np.full((2, 1, 2, 4), np.nan)

REFUSALS = {
    "mask of odd side": ("probe_mask", (7,)),
    "soft mask of no side": ("soft_probe_mask", (0, 1.0, None)),
    "soft mask of negative edge": ("soft_probe_mask", (8, -1.0, None)),
    "soft mask without a pixel": ("soft_probe_mask", (8, 1.0, 0.5)),
    "probe scale zero": ("normalize_probe", (PROBE, 0.0)),
    "probe zero": ("normalize_probe", (0 * PROBE, 4.0)),
    "probe dark in its middle": ("normalize_probe", (RIM, 4.0)),
    "probe without modes": ("normalize_probe", (PROBE[0], 4.0)),
    "probe of odd side": ("normalize_probe", (PROBE[:, :7, :7], 4.0)),
    "amplitude zero": ("intensity_scale", (np.zeros((2, 8, 8, 4), np.float32), 1e6)),
    "no photons": ("intensity_scale", (np.ones((2, 8, 8, 4), np.float32), -1.0)),
    "illumination without modes": ("illuminate", (ONES, PROBE[0])),
    "illumination of another side": ("illuminate", (ONES, np.ones((1, 16, 16), np.complex64))),
    "illumination by NaN": ("illuminate", (ONES, np.nan * PROBE)),
    "smoothing by a negative width": ("smooth", (WAVES, -1.0)),
    "smoothing of rank 4": ("smooth", (ONES, 1.0)),
    "smoothing of a pixel": ("smooth", (WAVES[:, :, :1, :1], 1.0)),
    "diffraction of rank 4": ("diffract", (ONES,)),
    "diffraction of a strip": ("diffract", (WAVES[:, :, :4],)),
    "chain with other offsets": ("forward", (ONES, FLAT[:1], PROBE, 12, 1.0)),
    "chain without modes": ("forward", (ONES, FLAT, PROBE[0], 12, 1.0)),
    "chain beyond the margin": ("forward", (ONES, FLAT + 3, PROBE, 12, 1.0)),
    "one offset for two images": ("translate", (np.ones((2, 8, 8), np.float32), np.zeros((1, 2)))),
    "translation by NaN": ("translate", (np.ones((1, 8, 8), np.float32), np.full((1, 2), np.nan))),
    "object of rank 3": ("object_patches", (np.ones((1, 8, 8)), np.zeros((1, 2)), 4)),
    "patches of odd side": ("object_patches", (np.ones((8, 8)), np.zeros((1, 2)), 5)),
    "no position": ("object_patches", (np.ones((8, 8)), np.zeros((0, 2)), 4)),
    "assembly of channels-first": ("assemble", (np.ones((2, 4, 8, 8), np.complex64), FLAT, 12)),
    "assembly of odd patches": ("assemble", (ONES[:, :7, :7], FLAT, 12)),
    "assembly at NaN": ("assemble", (ONES, NAN, 12)),
    "assembly beyond the margin": ("assemble", (ONES, FLAT - 2.5, 12)),
    "extraction of rank 4": ("extract", (ONES, FLAT, 8)),
    "extraction of nothing": ("extract", (np.ones((2, 12, 12), np.complex64), FLAT, 0)),
    "extraction of no channel": ("extract", (np.ones((2, 12, 12), np.complex64), FLAT[..., :0], 8)),
    "one position for two patches": ("stitch", (np.ones((2, 8, 8), np.complex64), np.zeros((1, 2)), 4)),
    "odd crop": ("stitch", (np.ones((2, 8, 8), np.complex64), np.zeros((2, 2)), 3)),
    "crop too large": ("stitch", (np.ones((2, 8, 8), np.complex64), np.zeros((2, 2)), 10)),
    "stitching at infinity": ("stitch", (np.ones((2, 8, 8), np.complex64), np.full((2, 2), np.inf), 4)),
}  # fmt: skip


class Untouched:
    """Stands in for a module that must not be used."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, attribute):
        raise AssertionError(f"{self._name}.{attribute} was used before the input was refused")


@pytest.fixture
def guarded(backend, native, monkeypatch):
    module = native.module("adapter")
    for part in ("diffraction", "probe", "regions", "stitching", "translation"):
        monkeypatch.setattr(module, part, Untouched(part))
    for converter in ("_real", "_complex", "_precise"):
        monkeypatch.setattr(module, converter, Untouched(converter))
    return backend


@pytest.mark.parametrize("name_of_case", REFUSALS)
def test_bad_input_is_refused_as_the_reference_refuses_it(guarded, truth, name_of_case):
    operation, arguments = REFUSALS[name_of_case]
    messages = []
    for each in (truth, guarded):
        with pytest.raises(ValueError) as refused:  # noqa: PT011 - the messages are compared below
            getattr(each, operation)(*arguments)
        messages.append(str(refused.value))
    assert messages[0] == messages[1]


def test_the_guard_notices_a_computation(guarded):
    with pytest.raises(AssertionError, match="hard_mask was used"):
        guarded.probe_mask(8)
