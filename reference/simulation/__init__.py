"""Synthetic objects, probes and data sets (spec ``data.md`` 7)."""
