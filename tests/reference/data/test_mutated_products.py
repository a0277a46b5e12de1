"""Two hundred mutated HDF5 products, by their items: read soundly or refused by name (spec data.md 9).

Damage to single bytes is in ``test_product_untrusted.py``; here whole items are renamed, retyped, reshaped,
relinked.
A process of its own reads the files, so that a crash of the library shows and its memory can be measured.
"""

import json
import os
import pickle
import subprocess
import sys

import h5py
import numpy as np
import pytest

from ptychoparity.reference.data import RawData
from ptychoparity.reference.data.product import export_product_from_rawdata

LARGEST_GROWTH_MIB = 64

READ = """
import json, resource, sys, warnings
from pathlib import Path
import numpy as np
from ptychoparity.reference.data.product import import_product_to_rawdata

warnings.simplefilter("ignore")
started, results = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, {}
for path in sorted(Path(sys.argv[1]).glob("*.h5")):
    try:
        raw = import_product_to_rawdata(path)
        count = len(raw.xcoords)
        sound = raw.diff3d is None or len(raw.diff3d) == count
        sound &= all(np.isfinite(axis).all() for axis in (raw.xcoords, raw.ycoords, raw.probeGuess))
        results[path.name] = "read" if sound else "unsound"
    except (FileNotFoundError, KeyError, TypeError, ValueError) as error:
        results[path.name] = "refused" if str(path) in str(error) else f"nameless: {error!r}"
    except Exception as error:
        results[path.name] = f"untyped: {error!r}"
results["grown"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - started) / 1024
print(json.dumps(results))
"""

ROOT = (
    "probe_position_indexes",
    "probe_position_x_m",
    "probe_position_y_m",
    "probe",
    "object",
    "object_layer_spacing_m",
    "loss_values",
)
RAW = ("raw_data/diffraction", "raw_data/xcoords", "raw_data/ycoords", "raw_data/_metadata")
ITEMS = ROOT + RAW


def replaced(file, name, make):
    """Put something else where an item is; its attributes go along."""
    attributes = dict(file[name].attrs)
    del file[name]
    made = make(name)
    if made is not None:
        file[name] = made
    if isinstance(file.get(name, getlink=True), h5py.HardLink):
        file[name].attrs.update(attributes)


def truncated(rng, path, _):
    os.truncate(path, int(rng.integers(path.stat().st_size)))


def dropped(rng, path, _):
    with h5py.File(path, "a") as file:
        del file[rng.choice(ITEMS)]


def renamed(rng, path, _):
    with h5py.File(path, "a") as file:
        name = rng.choice(ITEMS)
        file.move(name, rng.choice([name + "s", name.upper(), "é\n" + name.replace("/", "_")]))


DTYPES = ["?", "i1", "u8", "f2", "f8", "c8", "c16", "S4", h5py.string_dtype(), h5py.ref_dtype, "V4"]


def wrong_dtypes(rng, path, _):
    with h5py.File(path, "a") as file:
        name, dtype = rng.choice(ITEMS), DTYPES[rng.integers(len(DTYPES))]
        shape, attributes = file[name].shape, dict(file[name].attrs)
        del file[name]
        file.create_dataset(name, shape, dtype).attrs.update(attributes)


def structured_dtypes(rng, path, _):
    fields = [("r", "f4"), ("i", "f4")] if rng.random() < 0.5 else [("a", "S3"), ("b", "f4", (2,))]
    with h5py.File(path, "a") as file:
        name = rng.choice(ITEMS)
        shape = file[name].shape
        replaced(file, name, lambda _: np.zeros(shape, fields))


def ragged_dtypes(rng, path, _):
    with h5py.File(path, "a") as file:
        name = rng.choice(ITEMS)
        shape, attributes = file[name].shape, dict(file[name].attrs)
        del file[name]
        file.create_dataset(name, shape, h5py.vlen_dtype(np.float64)).attrs.update(attributes)


SHAPES = [(), (0,), (1 << 40,), (5, 1 << 27, 1 << 27), (1 << 20, 1 << 20), (5, 8, 9), (4,), (1,) * 9]


def absurd_shapes(rng, path, _):
    """Lengths that nobody wrote data for: an empty dataset takes no room, however large it says it is."""
    with h5py.File(path, "a") as file:
        name, shape = rng.choice(ITEMS), SHAPES[rng.integers(len(SHAPES))]
        dtype, attributes = file[name].dtype, dict(file[name].attrs)
        del file[name]
        options = {"chunks": (64,) * len(shape)} if len(shape) in (1, 2, 3) and min(shape) > 64 else {}
        if options and rng.random() < 0.5:
            options["compression"] = "gzip"
        file.create_dataset(name, shape, dtype, **options).attrs.update(attributes)


def null_spaces(rng, path, _):
    with h5py.File(path, "a") as file:
        replaced(file, rng.choice(ITEMS), lambda _: h5py.Empty("f8"))


def groups_for_datasets(rng, path, _):
    with h5py.File(path, "a") as file:
        name = rng.choice(ITEMS)
        del file[name]
        file.create_group(name)


def datasets_for_groups(rng, path, _):
    with h5py.File(path, "a") as file:
        del file["raw_data"]
        file["raw_data"] = rng.random(3)


def links(rng, path, _):
    with h5py.File(path, "a") as file:
        name = rng.choice(ITEMS)
        targets = [
            h5py.SoftLink("/nowhere"),
            h5py.SoftLink(f"/{name}"),
            h5py.SoftLink("/"),
            h5py.ExternalLink("/etc/hostname", "/x"),
            h5py.ExternalLink(path.name, f"/{name}"),
        ]
        del file[name]
        file[name] = targets[rng.integers(len(targets))]


def data_elsewhere(rng, path, _):
    """External storage and virtual datasets lead to other files."""
    with h5py.File(path, "a") as file:
        name = rng.choice(ITEMS[:-1])
        shape, dtype, attributes = file[name].shape, file[name].dtype, dict(file[name].attrs)
        del file[name]
        if rng.random() < 0.5:
            made = file.create_dataset(
                name, shape, dtype, external=[("/etc/hostname", 0, h5py.h5f.UNLIMITED)]
            )
        else:
            layout = h5py.VirtualLayout(shape, dtype)
            layout[...] = h5py.VirtualSource("other.h5", "x", shape)
            made = file.create_virtual_dataset(name, layout)
        made.attrs.update(attributes)


VALUES = [np.nan, np.inf, -np.inf, -1.0, 0.0, 1e300, 2.0**62]


def broken_values(rng, path, _):
    with h5py.File(path, "a") as file:
        item = file[rng.choice(ITEMS[:-1])]
        values, value = item[()], VALUES[rng.integers(len(VALUES))]
        if values.size:
            whole = values.dtype.kind in "iu"
            values.flat[rng.integers(values.size)] = (1 << 62 if value > 1 else -1) if whole else value
            item[...] = values


def other_lengths(rng, path, _):
    with h5py.File(path, "a") as file:
        name = rng.choice(ITEMS[:-1])
        values = file[name][()]
        axis = int(rng.integers(values.ndim))
        changed = np.repeat(values, rng.choice([0, 2]), axis) if values.size else np.ones(3)
        replaced(file, name, lambda _: changed)


ATTRIBUTES = [
    "text",
    b"\xff\xfe",
    np.nan,
    -1.0,
    0.0,
    1j,
    np.arange(4.0),
    np.zeros((3, 3, 3)),
    np.zeros(0),
    h5py.Empty("f8"),
    np.void(b"\0" * 16),
    True,
]


def odd_attributes(rng, path, _):
    with h5py.File(path, "a") as file:
        item = file[rng.choice(["/", "probe", "object", "raw_data/diffraction"])]
        name = rng.choice(list(item.attrs))
        if rng.random() < 0.2:
            del item.attrs[name]
        else:
            item.attrs[name] = ATTRIBUTES[rng.integers(len(ATTRIBUTES))]


class TellTale:
    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return os.mkdir, (self.target,)


def pickled_metadata(rng, path, told):
    content = pickle.dumps(TellTale(told), protocol=int(rng.integers(6)))
    made = [np.void(content), content.decode("latin1").replace("\0", " "), np.frombuffer(content, np.uint8)]
    with h5py.File(path, "a") as file:
        replaced(file, "raw_data/_metadata", lambda _: made[rng.integers(len(made))])


TEXTS = ["", "{", "[1]", "1" * 5000, "[" * 9999, '{"a": NaN}', "null"]


def odd_metadata(rng, path, _):
    with h5py.File(path, "a") as file:
        replaced(file, "raw_data/_metadata", lambda _: TEXTS[rng.integers(len(TEXTS))])


KINDS = [
    truncated,
    dropped,
    renamed,
    wrong_dtypes,
    structured_dtypes,
    ragged_dtypes,
    absurd_shapes,
    null_spaces,
    groups_for_datasets,
    datasets_for_groups,
    links,
    data_elsewhere,
    broken_values,
    other_lengths,
    odd_attributes,
    pickled_metadata,
    odd_metadata,
]
TIMES = 12
HARMLESS = {"odd_metadata"}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    rng = np.random.default_rng(1)
    raw = RawData.from_coords_without_pc(
        xcoords=10 + rng.random(5) * 20,
        ycoords=10 + rng.random(5) * 20,
        diff3d=rng.uniform(0.1, 2, (5, 8, 8)).astype(np.float32),
        probeGuess=(rng.random((8, 8)) + 1).astype(np.complex64),
        scan_index=np.arange(5),
        objectGuess=(rng.random((40, 42)) + 1j).astype(np.complex64),
    )
    raw.metadata = {"physics_parameters": {"nphotons": 1e6}}
    path = tmp_path_factory.mktemp("source") / "product.h5"
    export_product_from_rawdata(raw, path)
    return path.read_bytes()


def test_mutated_products_are_read_soundly_or_refused_by_name(source, tmp_path):
    told, folder = tmp_path / "ran", tmp_path / "mutated"
    folder.mkdir()
    for number, kind in enumerate(KINDS):
        for trial in range(TIMES):
            path = folder / f"{kind.__name__}.{trial:02}.h5"
            path.write_bytes(source)
            kind(np.random.default_rng([number, trial]), path, told)
    (folder / "untouched.00.h5").write_bytes(source)
    ended = subprocess.run(
        [sys.executable, "-c", READ, str(folder)], capture_output=True, text=True, timeout=120, cwd=tmp_path
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    results = json.loads(ended.stdout)
    assert not told.exists(), "content was run"
    assert results.pop("grown") < LARGEST_GROWTH_MIB
    assert len(results) == len(KINDS) * TIMES + 1 > 200
    assert {name: text for name, text in results.items() if text not in ("read", "refused")} == {}
    assert results.pop("untouched.00.h5") == "read"
    outcomes = {
        kind.__name__: {results[f"{kind.__name__}.{trial:02}.h5"] for trial in range(TIMES)} for kind in KINDS
    }
    for name, outcome in outcomes.items():
        assert (outcome == {"read"}) if name in HARMLESS else ("refused" in outcome), (name, outcome)
