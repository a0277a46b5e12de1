"""Plain lines: text as it is, whatever brackets it holds, never wrapped or coloured by guess."""

from __future__ import annotations

from rich.console import Console


def line(console: Console, text: str, style: str | None = None) -> None:
    """Print one line."""
    console.print(text, style=style, highlight=False, soft_wrap=True, markup=False)
