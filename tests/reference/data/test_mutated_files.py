"""Broken and hostile NPZ files, by their archive and their arrays: read soundly or refused by name."""

import struct
import zipfile

import numpy as np
import pytest


def truncated(rng, members, archive, _):
    content = archive(members, rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
    return content[: rng.integers(len(content))]


def flipped_bytes(rng, members, archive, _):
    content = bytearray(archive(members, rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])))
    for at in rng.integers(len(content), size=rng.integers(1, 8)):
        content[at] ^= int(rng.integers(1, 256))
    return bytes(content)


def broken_directory(rng, members, archive, _):
    """The list of members at the end of the archive, where sizes and offsets stand."""
    content = bytearray(archive(members))
    start = content.index(b"PK\x01\x02")
    for at in rng.integers(start, len(content), size=rng.integers(1, 12)):
        content[at] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF]))
    return bytes(content)


def bytes_of_nothing(rng, _, __, ___):
    return rng.choice([b"", b"PK\x05\x06" + bytes(18), b"\x93NUMPY", b"PK\x03\x04"]) + rng.bytes(
        rng.integers(200)
    )


def renamed_keys(rng, members, archive, _):
    keys = list(members)
    for key in rng.choice(keys, size=rng.integers(1, 4), replace=False):
        members[rng.choice([key.upper(), key + " ", "x" + key, "diffraction", "../" + key, "é\n"])] = (
            members.pop(key)
        )
    return archive(members)


def dropped_keys(rng, members, archive, _):
    for key in rng.choice(list(members), size=rng.integers(1, 5), replace=False):
        del members[key]
    return archive(members)


def duplicated_members(rng, members, archive, _):
    key = rng.choice(list(members))
    items = list(members.items())
    return archive([*items, (key, members[key] if rng.random() < 0.5 else np.zeros(3))])


def other_compressions(rng, members, archive, _):
    return archive(members, int(rng.choice([zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])))


def encrypted_or_linked(rng, members, archive, _):
    """Flags of the directory: encryption, strong encryption, patched data; and methods nobody has."""
    content = bytearray(archive(members))
    at = content.index(b"PK\x01\x02")
    content[at + 8 : at + 12] = struct.pack(
        "<HH", int(rng.choice([1, 0x41, 0x20, 0])), int(rng.choice([0, 9, 97, 12]))
    )
    return bytes(content)


def wrong_checksum(rng, members, archive, _):
    content = bytearray(archive(members))
    name = rng.choice(["diff3d", "xcoords", "probeGuess"])
    at = content.index(f"{name}.npy".encode()) + 150
    content[at] ^= 0x10
    return bytes(content)


def fortran_order(rng, members, archive, _):
    for key in rng.choice(list(members), size=4, replace=False):
        members[key] = np.asfortranarray(members[key])
    if rng.random() < 0.5:
        members["diff3d"] = members["diff3d"].transpose(1, 2, 0)
    return archive(members)


def byte_order(rng, members, archive, _):
    for key in rng.choice(list(members), size=6, replace=False):
        members[key] = members[key].astype(members[key].dtype.newbyteorder(">"))
    return archive(members)


DTYPES = ["?", "i1", "u8", "f2", "f8", "g", "c8", "c16", "U2", "S3", "M8[s]", "m8[s]", "V4", "V0", "U0"]


def wrong_dtypes(rng, members, archive, _):
    key = rng.choice(list(members))
    shape = members[key].shape
    members[key] = np.zeros(shape, DTYPES[rng.integers(len(DTYPES))])
    return archive(members)


def structured_dtypes(rng, members, archive, _):
    key = rng.choice(list(members))
    members[key] = np.zeros(members[key].shape, [("a", "f4"), ("b", "i2", (3,))])
    return archive(members)


def broken_values(rng, members, archive, _):
    key = rng.choice([key for key in members if members[key].dtype.kind in "fc"])
    members[key] = members[key].astype(np.result_type(members[key].dtype, np.float64))
    members[key].flat[rng.integers(members[key].size)] = rng.choice([np.nan, np.inf, -1.0, 1e300, -0.0])
    return archive(members)


def other_lengths(rng, members, archive, _):
    key = rng.choice([key for key in members if members[key].ndim > 0])
    axis = rng.integers(members[key].ndim)
    members[key] = np.repeat(members[key], rng.choice([0, 2, 3]), axis=axis)
    return archive(members)


ENDS = [0, 1 << 31, 1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]


def sixty_four_bits(rng, members, archive, _):
    """Offsets and sizes of the directory in its wide form, near the ends of the range."""
    stored = archive(members)
    at, end = stored.index(b"PK\x01\x02"), stored.rindex(b"PK\x05\x06")
    entry = bytearray(stored[at:end])
    name, extra = struct.unpack("<HH", entry[28:32])
    compressed, size = struct.unpack("<II", entry[20:28])
    claimed = [ENDS[index] for index in rng.integers(len(ENDS), size=3)]
    values = [size, compressed, ENDS[-rng.integers(1, 5)]] if rng.random() < 0.5 else claimed
    wide = struct.pack("<HHQQQ", 1, 24, *values)
    entry[20:28], entry[42:46], entry[30:32] = b"\xff" * 8, b"\xff" * 4, struct.pack("<H", len(wide))
    entry[46 + name : 46 + name + extra] = wide
    tail = bytearray(stored[end:])
    tail[12:16] = struct.pack("<I", len(entry))
    return stored[:at] + bytes(entry) + bytes(tail)


KINDS = [
    sixty_four_bits,
    truncated,
    flipped_bytes,
    broken_directory,
    bytes_of_nothing,
    renamed_keys,
    dropped_keys,
    duplicated_members,
    other_compressions,
    encrypted_or_linked,
    wrong_checksum,
    fortran_order,
    byte_order,
    wrong_dtypes,
    structured_dtypes,
    broken_values,
    other_lengths,
]
FEW = {other_compressions, structured_dtypes, wrong_checksum}
SOUND = {fortran_order, byte_order}
REFUSED = {truncated, duplicated_members, other_compressions, sixty_four_bits, wrong_checksum}
TIMES = [(kind, 4 if kind in FEW else 16) for kind in KINDS]


def test_these_are_two_hundred_files():
    assert sum(times for _, times in TIMES) >= 200


@pytest.mark.parametrize(("kind", "times"), TIMES, ids=[kind.__name__ for kind in KINDS])
def test_mutated_files_are_read_soundly_or_refused_by_name(judge_mutants, kind, times):
    accepted = judge_mutants(kind, times)
    assert all(accepted) if kind in SOUND else not all(accepted)
    assert kind not in REFUSED or not any(accepted)
