"""Malformed and hostile product files (spec data.md 9, trap 23): refused by name, no other file opened."""

import os
import subprocess
import sys

import h5py
import numpy as np
import pytest

from ptychoparity.reference.data.product import import_product_to_rawdata, read_product, write_product


def set_dataset(name, values, **options):
    def change(file):
        attributes = dict(file[name].attrs) if name in file else {}
        if name in file:
            del file[name]
        file.create_dataset(name, data=values, **options).attrs.update(attributes)

    return change


def set_attribute(item, name, value):
    def change(file):
        file[item].attrs[name] = value

    return change


def unwritten(name, shape, **options):
    """A dataset that claims a shape of which not a byte is stored."""

    def change(file):
        dtype, attributes = file[name].dtype, dict(file[name].attrs)
        del file[name]
        file.create_dataset(name, shape, dtype, **options).attrs.update(attributes)

    return change


def link(name, target):
    def change(file):
        del file[name]
        file[name] = target

    return change


def outside(file):
    """Replace the probe by one whose bytes lie in another file."""
    attributes, where = dict(file["probe"].attrs), os.fsencode(file.filename) + b".raw"
    del file["probe"]
    with open(where, "wb") as stream:
        stream.write(bytes(8 * 64))
    file.create_dataset("probe", (8, 8), np.complex64, external=[(where, 0, 8 * 64)]).attrs.update(attributes)


def virtual(file):
    attributes = dict(file["probe"].attrs)
    del file["probe"]
    layout = h5py.VirtualLayout((8, 8), np.complex64)
    layout[...] = h5py.VirtualSource(file.filename + ".other", "probe", (8, 8))
    file.create_virtual_dataset("probe", layout)
    file["probe"].attrs.update(attributes)


def ragged(file):
    del file["loss_values"]
    file.create_dataset("loss_values", (3,), h5py.vlen_dtype(np.float64))[0] = [1.0, 2.0]


def group_in_place(file):
    del file["object"]
    file.create_group("object")


def circle(file):
    del file["probe"]
    file["probe"] = h5py.SoftLink("/elsewhere")
    file["elsewhere"] = h5py.SoftLink("/probe")


BROKEN = {
    "three lengths": (set_dataset("probe_position_y_m", np.zeros(4)), "probe_position_y_m"),
    "indexes": (set_dataset("probe_position_indexes", np.arange(6)), "probe_position_indexes"),
    "real indexes": (set_dataset("probe_position_indexes", np.arange(5.0)), "probe_position_indexes"),
    "NaN position": (set_dataset("probe_position_x_m", np.full(5, np.nan)), "probe_position_x_m"),
    "2-D position": (set_dataset("probe_position_x_m", np.zeros((5, 1))), "probe_position_x_m"),
    "layer spacing": (set_dataset("object_layer_spacing_m", np.ones(2)), "object_layer_spacing_m"),
    "weights": (set_attribute("probe", "opr_weights", np.ones((5, 3))), "opr_weights"),
    "weights rank": (set_attribute("probe", "opr_weights", np.ones(3)), "opr_weights"),
    "losses": (set_dataset("loss_epochs", np.arange(4)), "loss_epochs"),
    "real probe": (set_dataset("probe", np.ones((8, 8))), "probe"),
    "rank 1 probe": (set_dataset("probe", np.ones(8, complex)), "probe"),
    "rank 5 probe": (set_dataset("probe", np.ones((1, 1, 1, 8, 8), complex)), "probe"),
    "empty probe": (set_dataset("probe", np.ones((0, 8, 8), complex)), "probe"),
    "rank 4 object": (set_dataset("object", np.ones((1, 1, 8, 8), complex)), "object"),
    "text object": (set_dataset("object", "text"), "object"),
    "group object": (group_in_place, "object"),
    "object dtype": (set_dataset("loss_values", np.array(["a", "b"], object)), "loss_values"),
    "vlen": (ragged, "loss_values"),
    "references": (
        lambda file: set_dataset("loss_values", np.array([file.ref], h5py.ref_dtype))(file),
        "loss_values",
    ),
    "null dataspace": (set_dataset("loss_values", h5py.Empty(float)), "loss_values"),
    "zero pixel": (set_attribute("probe", "pixel_width_m", 0.0), "probe_pixel_width_m"),
    "negative pixel": (set_attribute("object", "pixel_height_m", -1e-8), "object_pixel_height_m"),
    "NaN centre": (set_attribute("object", "center_x_m", np.nan), "center_x_m"),
    "infinite energy": (set_attribute("/", "probe_energy_eV", np.inf), "probe_energy_eV"),
    "text energy": (set_attribute("/", "probe_energy_eV", "8 keV"), "probe_energy_eV"),
    "two distances": (
        set_attribute("/", "detector_object_distance_m", [1.0, 2.0]),
        "detector_object_distance_m",
    ),
    "number as name": (set_attribute("/", "name", 3), "name"),
    "name not UTF-8": (set_attribute("/", "name", np.bytes_(b"\xff\xfe")), "name"),
    "empty name": (set_attribute("/", "name", h5py.Empty("S3")), "name"),
    "external link": (link("probe", h5py.ExternalLink("other.h5", "/probe")), "probe"),
    "soft circle": (circle, "probe"),
    "external storage": (outside, "probe: its data lie in other files"),
    "virtual": (virtual, "probe: its data lie in other files"),
    "huge contiguous": (unwritten("object", (1 << 20, 1 << 20)), "object"),
    "huge chunked": (unwritten("object", (1 << 20, 1 << 20), chunks=(64, 64), compression="gzip"), "object"),
    "huge chunk": (unwritten("object", (8, 8), maxshape=(None, None), chunks=(8192, 8192)), "object"),
    "huge positions": (unwritten("probe_position_x_m", (1 << 50,), chunks=(64,)), "probe_position_x_m"),
    "patterns": (unwritten("raw_data/diffraction", (5, 1 << 20, 1 << 20), chunks=(1, 64, 64)), "diffraction"),
    "axis order": (set_attribute("raw_data/diffraction", "axis_canonical", "WHN"), "axis_canonical"),
    "complex patterns": (set_dataset("raw_data/diffraction", np.ones((5, 8, 8), complex)), "diffraction"),
    "few patterns": (set_dataset("raw_data/xcoords", np.ones(4)), "xcoords"),
    "scan_index": (set_dataset("raw_data/scan_index", np.ones(6, int)), "scan_index"),
    "metadata": (set_dataset("raw_data/_metadata", np.ones(3)), "_metadata"),
}


class TestRefusals:
    @pytest.mark.parametrize("case", BROKEN)
    def test_broken_items_are_named_with_the_file(self, exported, case):
        change, item = BROKEN[case]
        with h5py.File(exported, "a") as file:
            change(file)
        with pytest.raises(ValueError, match=rf"product\.h5.*{item}"):
            import_product_to_rawdata(exported)

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"GCOL\x01"])
    def test_not_an_hdf5_file(self, tmp_path, content):
        (tmp_path / "p.h5").write_bytes(content)
        with pytest.raises(ValueError, match=r"p\.h5: .*HDF5"):
            read_product(tmp_path / "p.h5")

    def test_truncated_file(self, exported):
        content = exported.read_bytes()
        for length in (len(content) // 4, len(content) // 2, len(content) - 1):
            exported.write_bytes(content[:length])
            with pytest.raises(ValueError, match=r"product\.h5"):
                read_product(exported)

    @pytest.mark.parametrize("name", ["loss_epochs", "opr_weights", "raw_data", "raw_data/xcoords"])
    def test_optional_items_are_not_looked_up_in_other_files(self, exported, name):
        with h5py.File(exported, "a") as file:
            if name in file:
                del file[name]
            file[name] = h5py.ExternalLink("other.h5", "/x")
        with pytest.raises(ValueError, match=rf"product\.h5: {name}: link .*another file"):
            read_product(exported)

    @pytest.mark.parametrize("item", ["probe", "loss_epochs", "opr_weights"])
    @pytest.mark.parametrize("way", ["external", "soft through external"])
    def test_no_other_file_is_opened_through_links(self, exported, tmp_path, way, item):
        """The link leads to a pipe that nobody writes to: opening it would wait for ever."""
        os.mkfifo(tmp_path / "other.h5")
        with h5py.File(exported, "a") as file:
            if item in file:
                del file[item]
            if way == "external":
                file[item] = h5py.ExternalLink("other.h5", "/x")
            else:
                file["way"] = h5py.ExternalLink("other.h5", "/")
                file[item] = h5py.SoftLink("/way/x")
        script = (
            "from ptychoparity.reference.data.product import read_product\n"
            f"try:\n    read_product({str(exported)!r})\nexcept ValueError as error:\n    print(error)\n"
        )
        ended = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
        )
        assert f"{item}: link" in ended.stdout
        assert "leads to another file" in ended.stdout

    def test_soft_links_within_the_file_are_followed(self, exported):
        with h5py.File(exported, "a") as file:
            file["deep/here"] = file["probe"]
            del file["probe"]
            file["deep/there"] = h5py.SoftLink("here")
            file["probe"] = h5py.SoftLink("/deep/there")
        assert read_product(exported).probe.shape == (1, 1, 8, 8)

    def test_an_unknown_filter_is_refused(self, exported):
        with h5py.File(exported, "a") as file:
            attributes = dict(file["object"].attrs)
            del file["object"]
            plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plan.set_chunk((4, 4))
            plan.set_filter(32999, h5py.h5z.FLAG_OPTIONAL)
            space = h5py.h5s.create_simple((8, 8))
            h5py.h5d.create(file.id, b"object", h5py.h5t.py_create(np.dtype(np.complex64)), space, plan)
            file["object"][...] = 1
            file["object"].attrs.update(attributes)
        with pytest.raises(ValueError, match=r"product\.h5: /object: HDF5 filters \[32999\]"):
            read_product(exported)


MUTATE = """
import resource, sys, warnings
import numpy as np
from ptychoparity.reference.data.product import import_product_to_rawdata

warnings.simplefilter("ignore")
source, path, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
content, tally = open(source, "rb").read(), {"read": 0, "refused": 0}
started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for seed in range(first, first + count):
    rng, changed = np.random.default_rng(seed), bytearray(content)
    if seed % 4 == 0:
        del changed[rng.integers(len(changed)) :]
    for _ in range(rng.integers(1, 6) if seed % 4 else 0):
        at, width = int(rng.integers(len(changed) - 8)), int(rng.integers(1, 9))
        run = b"\\xff" * width if seed % 4 == 1 else rng.bytes(width) if seed % 4 == 2 else rng.bytes(1)
        changed[at : at + len(run)] = run
    with open(path, "wb") as stream:
        stream.write(changed)
    try:
        import_product_to_rawdata(path)
        tally["read"] += 1
    except (KeyError, ValueError) as error:
        assert path in str(error), error
        tally["refused"] += 1
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - started) / 1024
print(tally["read"], tally["refused"], grown)
"""


@pytest.mark.parametrize("style", ["earliest", "v108"])
def test_mutated_files_are_read_or_refused_by_name(exported, tmp_path, style):
    """Damaged bytes anywhere: no other exception, no crash, no endless loop, no large allocation."""
    source, product = tmp_path / "source.h5", read_product(exported)
    write_product(product, source)
    if style == "earliest":
        with (
            h5py.File(tmp_path / "old.h5", "w", libver=("earliest", "v108")) as old,
            h5py.File(exported) as new,
        ):
            for name in new:
                new.copy(name, old)
            old.attrs.update(new.attrs)
        source = tmp_path / "old.h5"
    ended = subprocess.run(
        [sys.executable, "-c", MUTATE, str(source), str(tmp_path / "mutated.h5"), "0", "250"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    read, refused, grown = map(float, ended.stdout.split())
    assert read + refused == 250
    assert refused > 100
    assert grown < 64


def text_reference(content, name):
    """Where the 16-byte reference of a root attribute of variable length lies in a version 1 message."""
    at = content.index(name.encode() + b"\0")
    sizes = [int.from_bytes(content[at - 8 + 2 * n : at - 6 + 2 * n], "little") for n in (1, 2, 3)]
    return at + sum(-(-size // 8) * 8 for size in sizes)


@pytest.mark.parametrize("damage", ["endless list", "claims four gigabytes"])
def test_text_that_would_hang_or_fill_the_memory_is_refused(tmp_path, exported, damage):
    with h5py.File(tmp_path / "old.h5", "w") as old, h5py.File(exported) as new:
        for name in new:
            new.copy(name, old)
        old.attrs.update(new.attrs)
    content = bytearray((tmp_path / "old.h5").read_bytes())
    if damage == "endless list":
        heap = content.index(b"GCOL")
        content[heap + 16 : heap + 18] = bytes(2)
        content[heap + 24 : heap + 32] = bytes(8)
    else:
        at = text_reference(content, "comments")
        assert int.from_bytes(content[at : at + 4], "little") == len("two\nlines")
        content[at : at + 4] = b"\xff\xff\xff\xff"
    (tmp_path / "old.h5").write_bytes(content)
    with pytest.raises(ValueError, match=r"old\.h5: .*text"):
        read_product(tmp_path / "old.h5")
