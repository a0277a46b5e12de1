"""The grid simulator and the jitter of positions (spec data.md 7.3)."""

import math

import numpy as np
import pytest

from ptychoparity.reference.physics.translation import object_patches
from ptychoparity.reference.simulation.griddata import RETURNED, mk_simdata, regular_grid
from ptychoparity.reference.simulation.positions import displaced
from ptychoparity.reference.simulation.probes import synthetic_probes

SIDE = 32
SIGMAS = 5.0  # bounds of random quantities, in standard deviations


def probe_of(seed=2, side=SIDE):
    return synthetic_probes(side, "zernike", 1, seed)[0]


class TestGridSimulator:
    GIVEN = {"data_source": "lines", "nphotons": 1e5, "seed": 3}  # noqa: RUF012

    def test_shapes_and_meaning(self):
        made = mk_simdata(2, 64, probe_of(), 10, **self.GIVEN, set_phi=True, dict_fmt=True)
        per_object = len(regular_grid(64, SIDE, 10))
        shape = (2 * per_object, SIDE, SIDE, 1)
        assert per_object == 16
        for key in ("X", "Y_I", "Y_phi", "I_pre_probe", "phi_pre_probe"):
            assert made[key].shape == shape
        assert made["YY_full"].shape == (2, 64, 64, 1)
        np.testing.assert_array_equal(made["Y_phi"], made["phi_pre_probe"])
        np.testing.assert_allclose(
            made["Y_I"], made["I_pre_probe"] * np.abs(probe_of())[:, :, None], rtol=1e-6
        )
        nominal, true = made["coords"]
        np.testing.assert_array_equal(nominal, true)
        assert nominal.shape == (2 * per_object, 1, 2, 1)
        x, y = nominal[per_object + 5, 0, :, 0].astype(int)
        patch = made["YY_full"][1, y - 16 : y + 16, x - 16 : x + 16]
        np.testing.assert_allclose(made["I_pre_probe"][per_object + 5], np.abs(patch), rtol=1e-12)
        assert made["norm_Y_I"] == pytest.approx(made["intensity_scale"], rel=0.01)

    def test_the_tuple_is_in_the_original_order(self):
        made = mk_simdata(1, 64, probe_of(), 16, **self.GIVEN)
        named = mk_simdata(1, 64, probe_of(), 16, **self.GIVEN, dict_fmt=True)
        assert len(made) == len(RETURNED) == 7
        np.testing.assert_array_equal(made[0], named["X"])
        np.testing.assert_array_equal(made[4], named["YY_full"])
        assert not named["Y_phi"].any()

    def test_jitter_moves_true_positions_and_patterns(self):
        still = mk_simdata(1, 96, probe_of(), 4, **self.GIVEN, dict_fmt=True)
        moved = mk_simdata(1, 96, probe_of(), 4, **self.GIVEN, jitter_scale=0.7, dict_fmt=True)
        nominal, true = moved["coords"]
        np.testing.assert_array_equal(nominal, still["coords"][0])
        moves = true - nominal
        assert abs(moves.mean()) < SIGMAS * 0.7 / math.sqrt(moves.size)
        assert abs(moves.var() / 0.49 - 1) < SIGMAS * math.sqrt(2 / moves.size)
        whole = moved["YY_full"][0, :, :, 0]
        cut = object_patches(whole, true[:, 0, :, 0], SIDE)
        np.testing.assert_allclose(moved["I_pre_probe"][..., 0], np.abs(cut), rtol=1e-12)

    def test_refusals(self):
        with pytest.raises(ValueError, match=r"32 x 32 .*\(30, 30\)"):
            mk_simdata(1, 30, probe_of(), 4, **self.GIVEN)
        with pytest.raises(ValueError, match="outer_offset"):
            mk_simdata(1, 64, probe_of(), 0, **self.GIVEN)
        with pytest.raises(ValueError, match="generic"):
            mk_simdata(1, 64, probe_of(), 4, **(self.GIVEN | {"data_source": "generic"}))
        with pytest.raises(ValueError, match="jitter_scale"):
            displaced(np.zeros((3, 2)), -1, np.random.default_rng(1))
