"""Labels for measured patterns, and lists of objects and probes (spec data.md 7.4)."""

import numpy as np
import pytest

from ptychoparity.reference.config.native import DataConfig
from ptychoparity.reference.data import RawData
from ptychoparity.reference.simulation import datagen
from ptychoparity.reference.simulation.objects import synthetic_objects
from ptychoparity.reference.simulation.probes import synthetic_probes
from ptychoparity.reference.simulation.scans import cut_patches

SIDE = 16
CONFIG = DataConfig(N=SIDE)


@pytest.fixture
def measurement():
    """Ten points, of which 3, 6 and 8 lie too near a border, each on another side."""
    rng = np.random.default_rng(1)
    x, y = rng.uniform(8, 52, 10), rng.uniform(8, 32, 10)
    x[3], y[6], x[8] = 7.99, 32.01, 52.5
    x[0], y[0], x[1], y[1] = 8, 32, 52, 8
    return {
        "diff": rng.uniform(0.1, 2, (10, SIDE, SIDE)),
        "objectGuess": 3 * synthetic_objects((40, 60), "blurred_white_noise", 1, 2)[0],
        "probeGuess": synthetic_probes(SIDE, "zernike", 1, 3)[0],
        "xcoords": x,
        "ycoords": y,
        "data_config": CONFIG,
        "probe_arg": {},
        "scan_index": np.arange(10),
    }


KEPT = [0, 1, 2, 4, 5, 7, 9]


class TestLabels:
    def test_one_mask_for_everything(self, measurement):
        made = datagen.generate_data_from_experiment(**measurement)
        np.testing.assert_array_equal(made["scan_index"], KEPT)
        np.testing.assert_array_equal(made["diff3d"], measurement["diff"][KEPT])
        np.testing.assert_array_equal(made["xcoords"], measurement["xcoords"][KEPT])
        np.testing.assert_array_equal(made["ycoords_start"], measurement["ycoords"][KEPT])
        at = np.column_stack((made["xcoords"], made["ycoords"]))
        np.testing.assert_allclose(
            made["label"],
            cut_patches(measurement["objectGuess"], at, SIDE) / np.abs(measurement["objectGuess"]).max(),
            atol=1e-6,
        )
        assert np.abs(made["objectGuess"]).max() == pytest.approx(1, abs=1e-6)
        np.testing.assert_array_equal(made["probeGuess"], measurement["probeGuess"])

    def test_the_file_is_a_valid_data_set(self, measurement, tmp_path):
        np.savez(tmp_path / "labelled.npz", **datagen.generate_data_from_experiment(**measurement))
        raw = RawData.from_file(tmp_path / "labelled.npz")
        np.testing.assert_array_equal(raw.Y, datagen.generate_data_from_experiment(**measurement)["label"])

    def test_inputs_stay_and_scan_index_may_be_absent(self, measurement):
        copies = {key: array.copy() for key, array in measurement.items() if isinstance(array, np.ndarray)}
        del measurement["scan_index"], copies["scan_index"]
        made = datagen.generate_data_from_experiment(**measurement)
        np.testing.assert_array_equal(made["scan_index"], np.zeros(len(KEPT)))
        for key, array in copies.items():
            np.testing.assert_array_equal(measurement[key], array)

    def test_a_beamstop(self, measurement):
        made = datagen.generate_data_from_experiment(**measurement | {"probe_arg": {"beamstop_diameter": 4}})
        assert (made["diff3d"] == 0).sum() == 12 * len(KEPT)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"xcoords": np.full(10, 1.0)}, ["none of 10 positions", "(40, 60)"]),
            ({"xcoords": np.full(9, 20.0), "ycoords": np.full(9, 20.0), "scan_index": None}, ["10", "9"]),
            ({"diff": np.ones((10, 8, 8))}, ["diff", "(10, 8, 8)", "N=16"]),
            ({"diff": -np.ones((10, SIDE, SIDE))}, ["diff3d", "negative"]),
            ({"objectGuess": np.zeros((40, 60), complex)}, ["objectGuess", "zero"]),
            ({"objectGuess": np.ones((40, 60))}, ["objectGuess", "complex"]),
        ],
    )
    def test_bad_arguments_are_named(self, measurement, changes, words):
        with pytest.raises(ValueError) as refused:  # noqa: PT011 - the words are checked below
            datagen.generate_data_from_experiment(**measurement | changes)
        assert all(word in str(refused.value) for word in words), refused.value


class TestLists:
    def test_objects(self):
        made = datagen.simulate_synthetic_objects(
            (40, 50), CONFIG, 2, "dead_leaves", {"max_iters": 20}, seed=4
        )
        np.testing.assert_array_equal(made, synthetic_objects((40, 50), "dead_leaves", 2, 4, max_iters=20))
        default = datagen.simulate_synthetic_objects((40, 50), CONFIG, 1, "white_noise", {})
        np.testing.assert_array_equal(default, synthetic_objects((40, 50), "white_noise", 1, 42))

    def test_probes(self):
        made = datagen.simulate_synthetic_probes(
            CONFIG, 2, "zernike", {"beamstop_diameter": 3, "amp_noise": 1}, seed=4
        )
        np.testing.assert_array_equal(made, synthetic_probes(SIDE, "zernike", 2, 4))

    def test_noise_of_the_zone_plate(self):
        plain = datagen.simulate_synthetic_probes(CONFIG, 1, "fzp")
        np.testing.assert_array_equal(plain, synthetic_probes(SIDE, "fzp", 1, 42))
        for key in ("phase_noise", "amp_noise"):
            calm = datagen.simulate_synthetic_probes(CONFIG, 1, "fzp", {key: 0.0})
            rough = datagen.simulate_synthetic_probes(CONFIG, 1, "fzp", {key: 0.5})
            distances = [np.linalg.norm(probe[0] - plain[0]) for probe in (calm, rough)]
            assert 0.01 < distances[0] < distances[1]

    @pytest.mark.parametrize(("method", "options"), [("nothing", {}), ("fzp", {"noise": 1})])
    def test_unknown_names(self, method, options):
        with pytest.raises(ValueError, match=r"nothing|noise"):
            datagen.simulate_synthetic_probes(CONFIG, 1, method, options)


class TestPrecomputed:
    @pytest.fixture
    def folders(self, tmp_path):
        for folder, names in (("b", ["2.npz", "10.npz"]), ("a", ["1.npz"])):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "notes.txt").write_text("no data")
            for name in names:
                mark = complex(ord(folder), float(name[:-4]))
                np.savez(
                    tmp_path / folder / name,
                    probeGuess=np.full((4, 4), mark),
                    objectGuess=np.full((6, 5), -mark),
                )
        return [tmp_path / "b", tmp_path / "a"]

    @pytest.mark.parametrize(("mode", "shape", "sign"), [("probe", (4, 4), 1), ("object", (6, 5), -1)])
    def test_folders_as_given_files_by_name(self, folders, mode, shape, sign):
        made = datagen.assemble_precomputed_images(folders, mode)
        assert [array[0, 0] * sign for array in made] == [98 + 10j, 98 + 2j, 97 + 1j]
        assert all(array.shape == shape for array in made)

    def test_a_single_folder(self, folders):
        for one in (folders[0], str(folders[0]), [folders[0]]):
            assert len(datagen.assemble_precomputed_images(one, "probe", single_dir=True)) == 2
        with pytest.raises(ValueError, match="single_dir"):
            datagen.assemble_precomputed_images(folders, "probe", single_dir=True)

    def test_refusals_name_what_is_wrong(self, folders, tmp_path):
        with pytest.raises(ValueError, match="probe or object, got 'both'"):
            datagen.assemble_precomputed_images(folders, "both")
        with pytest.raises(FileNotFoundError, match="absent"):
            datagen.assemble_precomputed_images([tmp_path / "absent"], "probe")
        with pytest.raises(FileNotFoundError, match="no NPZ file"):
            datagen.assemble_precomputed_images([tmp_path], "probe")
        np.savez(folders[1] / "3.npz", objectGuess=np.ones((3, 3), complex))
        with pytest.raises(KeyError, match=r"3.npz.*probeGuess"):
            datagen.assemble_precomputed_images(folders, "probe")
        np.savez(folders[1] / "3.npz", probeGuess=np.array([{}], object))
        with pytest.raises(ValueError, match=r"3.npz"):
            datagen.assemble_precomputed_images(folders, "probe")
