"""The old pickled form of ``_metadata``: one string in a 0-d object array, read without running anything.

The pickle is looked through before it is loaded: only the operations that NumPy writes for such an array
may occur, and only four names, which resolve to stand-ins (spec ``data.md`` 1.5).
"""

from __future__ import annotations

import io
import pickle
import pickletools

_NAMES = frozenset(
    {
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
    }
)
_OPERATIONS = frozenset(
    {
        "APPEND",
        "BINGET",
        "BININT",
        "BININT1",
        "BINPUT",
        "BINUNICODE",
        "BUILD",
        "EMPTY_LIST",
        "EMPTY_TUPLE",
        "FRAME",
        "GET",
        "GLOBAL",
        "INT",
        "LIST",
        "MARK",
        "MEMOIZE",
        "NEWFALSE",
        "NEWTRUE",
        "NONE",
        "PROTO",
        "PUT",
        "REDUCE",
        "SHORT_BINBYTES",
        "SHORT_BINUNICODE",
        "STACK_GLOBAL",
        "STOP",
        "TUPLE",
        "TUPLE1",
        "TUPLE2",
        "TUPLE3",
        "UNICODE",
    }
)
"""What pickling a 0-d array of str uses, protocols 0 to 5."""

_LARGEST_MEMO = 255


def text_of_pickle(content: bytes) -> str:
    """The string; ValueError for any other content, which is not run."""
    try:
        _check_operations(content)
        loaded = _TextUnpickler(io.BytesIO(content)).load()
        if not isinstance(loaded, _PickledArray):
            raise pickle.UnpicklingError("expected a 0-d array of str")
        return loaded.only_text()
    except Exception as error:  # a hostile pickle may fail in any way; all of them mean the same
        raise ValueError(f"pickled content refused ({error})") from error


class _PickledArray:
    """Stands in for a NumPy array or dtype."""

    def __init__(self, *_: object) -> None:
        self.state: object = None

    def __setstate__(self, state: object) -> None:
        self.state = state

    def only_text(self) -> str:
        """The one string of a 0-d object array, whose state is (version, shape, dtype, order, items)."""
        match self.state:
            case (_, (), _PickledArray(), _, [str(text)]):
                return text
        raise pickle.UnpicklingError("expected a 0-d array of str")


class _TextUnpickler(pickle.Unpickler):
    """Resolves the names of an array of text to stand-ins and refuses every other."""

    def find_class(self, module: str, name: str) -> type[_PickledArray]:
        if (module, name) not in _NAMES:
            raise pickle.UnpicklingError(f"{ascii(f'{module}.{name}'[:80])[1:-1]} is not allowed")
        return _PickledArray


def _check_operations(content: bytes) -> None:
    """Refuse other operations, among them those that reserve memory which the content does not fill."""
    for operation, argument, _ in pickletools.genops(content):
        if operation.name not in _OPERATIONS:
            raise pickle.UnpicklingError(f"expected a 0-d array of str, found {operation.name}")
        if operation.name == "PUT" and int(argument or 0) > _LARGEST_MEMO:
            raise pickle.UnpicklingError(f"expected a 0-d array of str, found PUT {argument}")
