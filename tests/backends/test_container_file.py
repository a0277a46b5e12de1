"""A container in a file and back, whole or not at all (data.md 4.1)."""

import numpy as np
import pytest

from ptychoparity.reference.data.containerfile import STORED, read_container

PROBE = np.full((2, 8, 8), 1 - 0.5j, np.complex64)


def grouped(labels=True):
    rng = np.random.default_rng(7)
    patches = (rng.normal(size=(3, 8, 8, 4)) + 1j * rng.normal(size=(3, 8, 8, 4))).astype(np.complex64)
    return {
        "X_full": rng.uniform(0, 2, (3, 8, 8, 4)).astype(np.float32),
        "Y": patches if labels else None,
        "coords_relative": rng.normal(size=(3, 1, 2, 4)),
        "coords_start_relative": rng.normal(size=(3, 1, 2, 4)),
        "coords_offsets": rng.uniform(0, 50, (3, 1, 2, 1)),
        "nn_indices": rng.integers(0, 9, (3, 4)).astype(np.int32),
        "objectGuess": patches[0, :, :7, 0],
        "norm_Y_I": 31.25,
    }


@pytest.fixture
def container_class(native):
    (made,) = (
        value
        for key, value in vars(native.module("container")).items()
        if key.startswith("PtychoDataContainer")
    )
    return made


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize("optional", [True, False])
def test_a_container_comes_back_as_it_was(container_class, tmp_path, labels, optional):
    data = grouped(labels) | ({} if optional else {"objectGuess": None, "norm_Y_I": None})
    made = container_class.from_grouped(data, PROBE)
    made.to_npz(tmp_path / "groups.npz")
    again = container_class.from_npz(tmp_path / "groups.npz")
    for key in STORED:
        one, other = np.asarray(getattr(made, key)), np.asarray(getattr(again, key))
        assert one.dtype == other.dtype, key
        np.testing.assert_array_equal(one, other, key)
    assert again.has_labels is labels
    np.testing.assert_allclose(np.asarray(again.Y), np.asarray(made.Y), rtol=0, atol=2e-6)


def test_the_file_has_the_names_of_the_original_and_no_pickle(container_class, tmp_path):
    container_class.from_grouped(grouped(), PROBE).to_npz(tmp_path / "groups.npz")
    with np.load(tmp_path / "groups.npz", allow_pickle=False) as file:
        assert set(file) == {*STORED, "has_labels"}
        np.testing.assert_array_equal(file["X"], grouped()["X_full"])
        assert file["norm_Y_I"] == 31.25


def test_either_backend_reads_what_the_other_wrote(container_class, tmp_path):
    """Both write what the shared reader reads, so nothing of a framework is in the file."""
    container_class.from_grouped(grouped(), PROBE).to_npz(tmp_path / "groups.npz")
    contents = read_container(tmp_path / "groups.npz")
    np.testing.assert_allclose(contents["Y_I"], np.abs(grouped()["Y"]), rtol=1e-6)
    np.testing.assert_array_equal(contents["local_offsets"], grouped()["coords_relative"])


def test_a_failed_write_leaves_the_old_file(container_class, tmp_path, monkeypatch):
    path = tmp_path / "groups.npz"
    container_class.from_grouped(grouped(), PROBE).to_npz(path)
    before = path.read_bytes()

    def half(stream, **_):
        stream.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", half)
    with pytest.raises(OSError, match="disk full"):
        container_class.from_grouped(grouped(), PROBE).to_npz(path)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["groups.npz"]
