"""Reading a YAML configuration file: plain values under text keys, each key once (spec ``config.md`` 6.3).

YAML 1.1 makes 8 of ``010``, 90 of ``1:30``, 1000 of ``1_000`` and a date of ``2020-01-01``.  A file shall
mean what the same characters mean in a flag, so these stay text, which `coercion` takes or refuses by the
type of the field.  Decimal numbers, booleans and null are read as ever; ``1e6`` is text in YAML 1.1 already.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from os import PathLike
from pathlib import Path
from typing import Any

import yaml

_INT, _FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
_READ_OTHERWISE = (_INT, _FLOAT, "tag:yaml.org,2002:timestamp")
_DECIMAL_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)$")
_DECIMAL_FLOAT = re.compile(
    r"(?:[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)


class _Loader(yaml.SafeLoader):
    """The safe loader, with decimal numbers, no dates, and no second value for a key."""

    yaml_implicit_resolvers = {  # noqa: RUF012  (PyYAML looks the table up under this name)
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in _READ_OTHERWISE]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                raise yaml.constructor.ConstructorError(
                    None, None, f"keys must be text, got {getattr(key, 'value', '')!r:.80}", key.start_mark
                )
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key.value!r} is given twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(_INT, _DECIMAL_INT, list("-+0123456789"))
_Loader.add_implicit_resolver(_FLOAT, _DECIMAL_FLOAT, list("-+0123456789."))


def load_yaml_config(path: str | PathLike[str]) -> dict[str, Any]:
    """The mapping that a YAML file holds; an empty file holds an empty one.

    Raises:
        OSError: the file cannot be read (``FileNotFoundError``, ``IsADirectoryError``, ...).
        ValueError: not YAML, a tag other than plain values, a key that is not text or is given twice, or
            something else than a mapping; the message names the file, and the line where there is one.
    """
    path = Path(path)
    content = path.read_bytes()
    try:
        loaded = yaml.load(content, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ValueError(f"{path}{place}: {error.problem or error.context}") from error
    except RecursionError as error:
        raise ValueError(f"{path}: nested too deeply") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ValueError(f"{path}: cannot be read as YAML: {' '.join(str(error).split())}") from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise ValueError(f"{path}: must hold a mapping of field names to values, got {type(loaded).__name__}")
    return loaded
