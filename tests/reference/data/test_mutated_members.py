"""Hostile members of NPZ files, headers, pickles and sizes: nothing is run, nothing fills the memory."""

import io
import os
import pickle
import struct
import warnings
import zipfile

import numpy as np
import pytest
from numpy.lib import format as npy_format


def with_header(description, data=b"", version=(1, 0), length=None):
    """A member whose header is any text."""
    text = description.encode("latin1")
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    size = len(text) if length is None else length
    form = "<H" if version == (1, 0) else "<I"
    return b"\x93NUMPY" + bytes(version) + struct.pack(form, size) + text + data


def header_of(descr="'<f4'", fortran="False", shape="(5, 8, 8)"):
    return f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}"


class TellTale:
    """Makes a folder when unpickled by anything that runs what it reads."""

    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return os.mkdir, (self.target,)


def pickles(rng, members, archive, told):
    stored = np.empty((1,) if rng.random() < 0.3 else (), object)
    stored[...] = TellTale(told)
    key = rng.choice(["_metadata", "_metadata", "diff3d", "Y", "objectGuess", "extra"])
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        npy_format.write_array(stream, stored, allow_pickle=True)
    return archive(members | {key: stream.getvalue()})


def hand_made_pickles(rng, members, archive, told):
    """As metadata: a call by any spelling, and operations that reserve memory without filling it."""
    call = pickle.dumps(TellTale(told), protocol=int(rng.integers(6)))
    tricks = [
        call,
        call.replace(b"posix", b"numpy"),
        b"cbuiltins\neval\n(V__import__('os').mkdir('" + str(told).encode() + b"')\ntR.",
        b"\x80\x05\x96" + struct.pack("<Q", 1 << 33) + b".",
        b"\x80\x02K\x01r" + struct.pack("<I", 0x7FFFFFF0) + b".",
        b"K\x01p2147483000\n.",
        b"\x80\x04\x95" + struct.pack("<Q", 1 << 40) + b"N.",
        b"\x80\x04\x8d" + struct.pack("<Q", 1 << 40) + b"{}.",
        b"\x80\x02" + b"(" * 1000 + b"t" * 1000 + b".",
        b"\x80\x02" + b"]" * 20_000 + b"a" * 19_999 + b".",
    ]
    content = tricks[rng.integers(len(tricks))]
    return archive(members | {"_metadata": with_header(header_of("'|O'", shape="()"), content)})


SHAPES = [
    "(1099511627776,)",
    "(5, 1073741824, 1073741824)",
    "(1048576, 1048576, 0)",
    "(9223372036854775807, 2)",
    "(-5, 8, 8)",
    "(5, -8, -8)",
    "(-1,)",
    "()",
    "(5,)",
    "(True, 5)",
    "(5.0,)",
    "('5',)",
    "5",
    "(" + "1, " * 70 + ")",
    "(" + "9" * 400 + ",)",
    "None",
]


def absurd_shapes(rng, members, archive, _):
    key = rng.choice(list(members))
    data = members[key].tobytes() if rng.random() < 0.7 else b""
    shape = SHAPES[rng.integers(len(SHAPES))]
    members[key] = with_header(header_of(shape=shape), data)
    return archive(members)


def negative_shapes_that_fit(rng, members, archive, _):
    """Two negative lengths whose product agrees with the bytes that are there, in every image."""
    for key, shape in {
        "diff3d": (5, -8, -8),
        "Y": (5, -8, -8),
        "probeGuess": (-8, -8),
    }.items():
        array = members[key]
        members[key] = with_header(header_of(repr(array.dtype.str), shape=str(shape)), array.tobytes())
    if rng.random() < 0.5:
        del members["Y"]
    return archive(members)


HEADERS = [
    "",
    "{",
    "{}",
    "[]",
    "(" * 5000,
    "-" * 9000 + "1",
    "__import__('os')",
    "{'descr': '<f4', 'fortran_order': False}",
    header_of(fortran="'yes'"),
    header_of(fortran="1"),
    header_of(descr="'<f99'"),
    header_of(descr="'O,f4'"),
    header_of(descr="[('a', '|O'), ('b', '<f4')]"),
    header_of(descr="('<f4', (1000000, 1000000))"),
    header_of(descr="'<U500000000'"),
    header_of(descr="'|S0'"),
    header_of(descr="'<U0'", shape="(1000000000000,)"),
    header_of(descr="'|V0'", shape="(1000000000000, 1000000)"),
    header_of().replace("False", "False, 1: 2"),
    header_of().replace("}", ""),
    "{'descr': '<f4\\x00', 'fortran_order': False, 'shape': (5L, 8L, 8L)}",
]


def odd_headers(rng, members, archive, _):
    key = rng.choice(list(members))
    members[key] = with_header(HEADERS[rng.integers(len(HEADERS))], rng.bytes(rng.choice([0, 64, 1280])))
    return archive(members)


def long_headers(rng, members, archive, _):
    """Headers whose own length is a lie, or the truth and very long: compressed, 64 MiB take 64 KiB."""
    key = rng.choice(list(members))
    if rng.random() < 0.5:
        members[key] = with_header(header_of(), version=(2, 0), length=int(rng.choice([0, 3, 0xFFFFFFFF])))
    else:
        text = header_of() + " " * (96 << 20)
        members[key] = with_header(text, version=(3, 0))
    return archive(members, zipfile.ZIP_DEFLATED)


VERSIONS = [(9, 9), (0, 0), (1, 1), (3, 1), (255, 255)]


def unknown_versions(rng, members, archive, _):
    key = rng.choice(list(members))
    header = header_of(repr(members[key].dtype.str), shape=str(members[key].shape))
    content = bytearray(with_header(header, members[key].tobytes()))
    content[6:8] = bytes(VERSIONS[rng.integers(len(VERSIONS))])
    members[key] = bytes(content)
    return archive(members)


def claims_of_size(rng, members, archive, _):
    """Members whose header and directory agree on a size that nobody stored."""
    key = ["Y", "diff3d", "objectGuess", "_metadata", "extra"][rng.integers(5)]
    method = int(rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
    side = 1 << 14
    shape = {"Y": (5, side, side), "diff3d": (5, side, side), "objectGuess": (side, side)}.get(key, ())
    descr = f"'<U{1 << 28}'" if key in ("_metadata", "extra") else "'<c8'" if key != "diff3d" else "'<f4'"
    width = 4 << 28 if key in ("_metadata", "extra") else 8 if key != "diff3d" else 4
    head = with_header(header_of(descr, shape=str(shape)))
    claimed = len(head) + width * int(np.prod(shape, dtype=np.int64))
    if key == "diff3d":
        members["probeGuess"] = with_header(header_of("'<c8'", shape=str((side, side))))
    content = bytearray(archive({key: head} | {k: v for k, v in members.items() if k != key}, method))
    at = content.index(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", min(claimed, 0xFFFFFFFE))
    content[22:26] = content[at + 24 : at + 28]
    return bytes(content)


def true_bombs(rng, members, archive, _):
    """Zeros: 100 MiB and more in a few hundred KiB, in members that the reader does not need."""
    key = ["extra", "_metadata"][rng.integers(2)]
    if key == "extra":
        members[key] = with_header(header_of("'|u1'", shape=f"({128 << 20},)"), bytes(128 << 20))
    else:
        members[key] = with_header(header_of(f"'<U{32 << 20}'", shape="()"), bytes(128 << 20))
    return archive(members, zipfile.ZIP_DEFLATED)


TEXTS = ["[1]", "{", "1" * 5000, "[" * 9999, '{"physics_parameters": 3}', "\ud800", "\0", "nan", '{"a": NaN}']


def odd_metadata(rng, members, archive, _):
    members["_metadata"] = np.array(TEXTS[rng.integers(len(TEXTS))])
    if rng.random() < 0.3:
        members["_metadata"] = with_header(header_of("'<U4'", shape="()"), b"\xff" * 16)
    return archive(members)


KINDS = [
    pickles,
    hand_made_pickles,
    absurd_shapes,
    negative_shapes_that_fit,
    odd_headers,
    long_headers,
    unknown_versions,
    claims_of_size,
    true_bombs,
    odd_metadata,
]
FEW = {long_headers, true_bombs, negative_shapes_that_fit}
TIMES = [(kind, 4 if kind in FEW else 14) for kind in KINDS]


def test_these_are_a_hundred_files():
    assert sum(times for _, times in TIMES) >= 100


@pytest.mark.parametrize(("kind", "times"), TIMES, ids=[kind.__name__ for kind in KINDS])
def test_hostile_members_are_refused_by_name_or_ignored(judge_mutants, kind, times):
    accepted = judge_mutants(kind, times)
    if kind is not true_bombs:  # one in a member that nobody reads is ignored
        assert accepted == [kind is odd_metadata] * times
