"""Backends that are unsteady, or that spoil their inputs or outputs, are caught in the act."""

from dataclasses import replace

import numpy as np

from ptychoparity.backends.contract import OPERATIONS, Stitched


def declaring(backend, operations, deterministic=True):
    capabilities = backend.capabilities()
    backend.capabilities = lambda: replace(
        capabilities, operations=frozenset(operations), deterministic=deterministic
    )
    return backend


def where(rows, outcome):
    """Operations' families with this outcome."""
    return {row["scenario"] for row in rows if row["outcome"] == outcome}


def unsteady(backend):
    right, calls = backend.diffract, []

    def diffract(waves):
        calls.append(1)
        amplitude = right(waves)
        return amplitude if len(calls) % 2 else np.nextafter(amplitude, np.float32(np.inf))

    backend.diffract = diffract
    return backend


def test_unsteady(judged):
    report, rows = judged(unsteady)
    failing = [row for row in rows if row["outcome"] != "pass"]
    assert {(row["scenario"], row["quantity"]) for row in failing} == {("FWD-001", "repeatability")}
    assert len(failing) == 4
    assert report["verdict"]["exit_status"] == 1


def test_unsteady_and_says_so(judged):
    report, rows = judged(lambda backend: declaring(unsteady(backend), OPERATIONS, deterministic=False))
    assert not any(row["quantity"] == "repeatability" for row in rows)
    assert "dark" in {row["case"] for row in rows if row["outcome"] == "fail"}
    assert report["verdict"]["exit_status"] == 1


def test_changes_its_inputs(judged):
    """What is given belongs to the caller; a second call shows that it was changed."""

    def spoil(backend):
        right = backend.stitch

        def stitch(patches, positions, crop):
            result = right(patches, positions, crop)
            patches *= np.complex64(2)
            return result

        backend.stitch = stitch
        return backend

    _, rows = judged(spoil)
    assert where(rows, "fail") == {"STI-004"}


def test_not_finite_outside_the_support(judged):
    def spoil(backend):
        right = backend.stitch

        def stitch(*inputs):
            whole, weight = right(*inputs)
            return Stitched(np.where(weight > 1e-3, whole, np.complex64(np.nan)), weight)

        backend.stitch = stitch
        return backend

    _, rows = judged(spoil)
    assert where(rows, "fail") == {"STI-004"}


def test_a_native_tensor_is_no_answer(judged):
    """It cannot be stored: one failing row a case, and the rest of the recording stands."""

    def spoil(backend):
        backend.diffract = lambda _: object()
        return backend

    report, rows = judged(spoil)
    errors = [row for row in rows if row["outcome"] == "error"]
    assert errors
    assert all("contract asks for NumPy arrays" in row["message"] for row in errors)
    assert report["verdict"]["exit_status"] == 1


def test_a_bridge_that_changes_what_it_was_given_is_caught(judged):
    def spoil(backend):
        right = backend.bridge

        def bridge(config, legacy):
            legacy["N"] = -1
            return right(config, legacy)

        backend.bridge = bridge
        return backend

    _, rows = judged(spoil)
    assert any(row["quantity"] == "start_kept" and row["outcome"] == "fail" for row in rows)


def test_an_operation_that_writes_into_its_input_is_caught(judged):
    def spoil(backend):
        right = backend.diffract

        def diffract(exit_waves):
            exit_waves *= 2
            return right(exit_waves)

        backend.diffract = diffract
        return backend

    _, rows = judged(spoil)
    assert any("read-only" in row["message"] for row in rows if row["outcome"] == "error")
