"""The judge on constructed answers, where every number can be worked out by hand."""

import numpy as np
import pytest

from ptychoparity.conformance import report, tolerances
from ptychoparity.conformance.case import Case

WAVES = np.ones((1, 1, 2, 2, 1), np.complex64)
STEP = 2.0**-20


@pytest.fixture
def constructed(bench_of, constant):
    """Judges answers given as numbers: the truth, its noise probes, and one value for each backend."""

    def judge(operation, truth, probes, exact=False, **backends):
        inputs = {
            "illuminate": {"patches": WAVES, "probe": WAVES},
            "diffract": {"exit_waves": WAVES},
            "stitch": {"patches": WAVES, "positions": np.zeros((1, 2)), "crop": 2},
        }[operation]
        bench = bench_of(Case("one", operation, inputs, exact))
        names = ["reference-float32", *(f"reference-perturbed-{n}" for n in range(1, len(probes)))]
        answers = {"reference": truth, **dict(zip(names, probes, strict=True)), **backends}
        return report.judge([bench.record(constant(name, value)) for name, value in answers.items()])

    return judge


def rows_of(judged, backend, quantity=None):
    return [r for r in judged["rows"] if r["backend"] == backend and quantity in (None, r["quantity"])]


def row_of(judged, backend, quantity=None):
    (row,) = rows_of(judged, backend, quantity)
    return row


TRUTH = np.array([[4, 2j], [0, -1]])
SINGLE = TRUTH.astype(np.complex64)


def shifted(array, index, by):
    moved = np.array(array)
    moved[index] += by
    return moved


def test_a_passing_row_keeps_its_metrics(constructed):
    """Floor 2^-20; tolerance 4 floors and one unit of 4.0, which is 2^-21; error 2^-19, imaginary."""
    actual = shifted(shifted(SINGLE, (1, 0), 2j * STEP), (0, 0), STEP)
    judged = constructed("illuminate", TRUTH, [shifted(SINGLE, (0, 0), STEP), TRUTH], a=actual)
    row = row_of(judged, "a")
    assert row["outcome"] == "pass"
    assert row["kind"] == "numeric"
    assert row["message"] == ""
    assert row["max_abs"] == 2 * STEP
    assert row["p99_abs"] == 2 * STEP
    assert row["peak"] == 4.0
    assert row["relative"] == STEP / 2
    assert row["ulps"] == 4.0
    assert row["worst"] == [1, 0]
    assert row["floor"] == STEP
    assert row["tolerance"] == 4.5 * STEP
    assert row["margin"] == 2.25
    assert (row["shape"], row["dtype"]) == ([2, 2], "complex64")
    assert row["seconds"] >= 0
    assert judged["verdict"]["exit_status"] == 0


def test_an_error_of_the_tolerance_passes(constructed):
    probes = [shifted(SINGLE, (0, 0), STEP), TRUTH]
    judged = constructed("illuminate", TRUTH, probes, a=shifted(SINGLE, (0, 0), 4.5 * STEP))
    assert row_of(judged, "a")["outcome"] == "pass"
    assert row_of(judged, "a")["margin"] == 1.0


def test_an_error_above_the_tolerance_fails(constructed):
    probes = [shifted(SINGLE, (0, 0), STEP), TRUTH]
    judged = constructed("illuminate", TRUTH, probes, a=shifted(SINGLE, (0, 0), 5 * STEP))
    row = row_of(judged, "a")
    assert row["outcome"] == "fail"
    assert row["max_abs"] == 5 * STEP
    assert row["margin"] == 0.9
    assert "(0, 0)" in row["message"]
    assert judged["verdict"]["exit_status"] == 1
    assert any(reason.startswith("a: 1 ") for reason in judged["verdict"]["reasons"])


def test_no_error_has_no_margin(constructed):
    row = row_of(constructed("illuminate", TRUTH, [SINGLE, TRUTH], a=SINGLE), "a")
    assert row["outcome"] == "pass"
    assert row["max_abs"] == 0
    assert row["margin"] is None


def test_the_floor_comes_from_every_probe(constructed):
    """The largest of float32 and both perturbations, wherever it is."""
    for big in range(3):
        probes = [SINGLE, TRUTH, TRUTH]
        probes[big] = shifted(probes[big], (1, 1), 8 * STEP)
        row = row_of(constructed("illuminate", TRUTH, probes, a=SINGLE), "a")
        assert row["floor"] == 8 * STEP
        assert row["tolerance"] == 32.5 * STEP


@pytest.mark.parametrize("value", [np.nan, np.inf, complex(0, np.nan)])
@pytest.mark.parametrize("probe", [0, 2])
def test_a_probe_without_a_number_widens_nothing(constructed, value, probe):
    probes = [shifted(SINGLE, (0, 0), STEP), TRUTH, TRUTH]
    probes[probe] = np.array(probes[probe])
    probes[probe][1, 1] = value
    row = row_of(constructed("illuminate", TRUTH, probes, a=shifted(SINGLE, (0, 0), 64 * STEP)), "a")
    assert row["floor"] == (0.0 if probe == 0 else STEP)
    assert row["outcome"] == "fail"


def test_a_hard_limit_caps_the_tolerance(constructed):
    """Amplitudes are within 1e-6 of the peak however noisy the reference: an error between the limit and
    4 floors fails."""
    truth = np.array([4.0, 1.0])
    single = truth.astype(np.float32)
    probes = [shifted(single, 0, 64 * STEP), truth]
    judged = constructed(
        "diffract", truth, probes, close=shifted(single, 1, 2.0**-19), wide=shifted(single, 1, 2.0**-17)
    )
    wide, close = row_of(judged, "wide"), row_of(judged, "close")
    assert wide["tolerance"] == close["tolerance"] == 4e-6
    assert wide["floor"] == 64 * STEP
    assert wide["tolerance"] < wide["max_abs"] < tolerances.K * wide["floor"]
    assert (wide["outcome"], close["outcome"]) == ("fail", "pass")


def test_an_exact_case_takes_no_bit(constructed):
    truth = np.array([[1.0, 0.0]])
    single = truth.astype(np.float32)
    off = np.nextafter(single, np.float32(2))
    judged = constructed("diffract", truth, [off, truth], exact=True, same=single, off=off)
    assert row_of(judged, "same")["outcome"] == "pass"
    assert row_of(judged, "off")["outcome"] == "fail"
    assert row_of(judged, "off")["tolerance"] == 0.0
    assert row_of(judged, "off")["kind"] == "exact"


def test_integers_are_exact(constructed):
    truth = np.array([[1, 2]], np.int32)
    judged = constructed("diffract", truth, [truth, truth], same=truth, off=truth + np.int32(1))
    assert row_of(judged, "same")["outcome"] == "pass"
    assert row_of(judged, "off")["outcome"] == "fail"


def test_the_float32_reference_says_which_dtype(constructed):
    truth = np.array([1.0])
    judged = constructed(
        "diffract", truth, [truth.astype(np.float32), truth], a=truth, b=truth.astype(np.float32)
    )
    assert row_of(judged, "a")["outcome"] == "fail"
    assert row_of(judged, "a")["message"] == "dtype float64, should be float32"
    assert row_of(judged, "b")["outcome"] == "pass"


@pytest.mark.parametrize(
    "value",
    [
        np.array([[1.0]], np.float32),
        np.zeros(0, np.float32),
        None,
        "1.0",
        [1.0],
        {"a": 1.0},
        1.0,
        np.array([True]),
        np.array([np.nan], np.float32),
        np.array([1j], np.complex64),
    ],
    ids=["rank", "empty", "None", "text", "list", "dict", "number", "bool", "nan", "complex"],
)
def test_anything_but_the_array_fails(constructed, value):
    truth = np.array([1.0])
    judged = constructed("diffract", truth, [np.float32([1.0]), truth], a=value, b=np.float32([1.0]))
    assert row_of(judged, "a")["outcome"] == "fail"
    assert row_of(judged, "a")["message"]
    assert row_of(judged, "b")["outcome"] == "pass"


@pytest.mark.parametrize("value", [None, "1.0", np.float64(np.nan), np.ones(1), 2, True], ids=repr)
def test_anything_but_the_number_fails(constructed, value):
    """Two backends on a quantity that is one number: a wrong kind of value must not upset the pairs."""
    judged = constructed("diffract", 1.0, [1.0, 1.0], a=value, b=1.0, c=1.0)
    assert row_of(judged, "a")["outcome"] == "fail"
    assert row_of(judged, "b")["outcome"] == "pass"
    assert all(np.isfinite(float(pair["max_abs"])) for pair in judged["pairs"] if pair["first"] != "a")


STRICT = {
    "number-for-flag": ({"debug": True}, {"debug": 1}),
    "flag-for-number": ({"n": 0}, {"n": False}),
    "float-for-integer": ({"n": 32}, {"n": 32.0}),
    "in-a-list": ([1, 2], [1.0, 2]),
    "deep": ({"a": {"b": [True]}}, {"a": {"b": [1]}}),
    "value": ({"n": 1}, {"n": 2}),
    "absent": ({"n": 1}, {}),
    "more": ({"n": 1}, {"n": 1, "m": None}),
    "none-for-absent": ({"n": None}, {}),
    "order": ([1, 2], [2, 1]),
}


@pytest.mark.parametrize("name", STRICT)
def test_configuration_values_are_equal_in_type_too(constructed, name):
    truth, value = STRICT[name]
    judged = constructed("diffract", truth, [truth, truth], a=value, b=truth)
    assert row_of(judged, "a")["outcome"] == "fail"
    assert row_of(judged, "b")["outcome"] == "pass"


def test_a_wrong_entry_is_named(constructed):
    truth = {"batch_size": 16, "debug": True}
    judged = constructed("diffract", truth, [truth, truth], a={"batch_size": 17, "debug": True})
    assert row_of(judged, "a")["message"] == "entry 'batch_size' is 17, should be 16"


# stitched objects


def stitched(whole, weight, dtype=np.complex128):
    from ptychoparity.backends.contract import Stitched

    real = np.float64 if dtype == np.complex128 else np.float32
    return Stitched(np.array(whole, dtype), np.array(weight, real))


WEIGHT = [[0.0, 5e-4], [9e-4, 1.0]]
OBJECT = [[0.0, 0.25], [0.5, 2.0]]


@pytest.fixture
def stitch_rows(constructed):
    def judge(whole):
        single = stitched(OBJECT, WEIGHT, np.complex64)
        weight = np.float32(WEIGHT).astype(np.float64)
        truth = stitched(OBJECT, weight)
        judged = constructed("stitch", truth, [single, truth], a=stitched(whole, WEIGHT, np.complex64))
        return row_of(judged, "a", "object")

    return judge


def test_a_stitched_object_counts_where_the_weight_supports_it(stitch_rows):
    assert stitch_rows([[0.0, 0.25], [0.5, 2.001]])["outcome"] == "fail"


def test_where_the_weight_is_weak_a_stitched_object_counts_as_its_numerator(stitch_rows):
    rounding = 2e-7 / 1e-3  # of the numerator, seen in the quotient
    assert stitch_rows([[0.0, 0.25 + rounding], [0.5, 2.0]])["outcome"] == "pass"
    assert stitch_rows([[0.0, 0.3], [0.5, 2.0]])["outcome"] == "fail"


@pytest.mark.parametrize("value", [0.001, 1e-30, -1e-30j, complex(0, np.nan)])
def test_a_stitched_object_is_exactly_zero_where_nothing_reaches(stitch_rows, value):
    row = stitch_rows([[value, 0.25], [0.5, 2.0]])
    assert row["outcome"] == "fail"
    assert "exactly zero" in row["message"]


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("place", [(0, 0), (0, 1), (1, 1)])
def test_a_stitched_object_is_finite_everywhere(stitch_rows, value, place):
    whole = np.array(OBJECT, complex)
    whole[place] = value
    assert stitch_rows(whole)["outcome"] == "fail"


# pairs


def test_the_nearer_backend_is_named(constructed):
    near, far = shifted(SINGLE, (0, 0), STEP), shifted(SINGLE, (0, 0), -4 * STEP)
    judged = constructed("illuminate", TRUTH, [SINGLE, TRUTH], a=far, b=near)
    (pair,) = judged["pairs"]
    assert (pair["first"], pair["second"], pair["nearer"]) == ("a", "b", "b")
    assert pair["max_abs"] == 5 * STEP
    assert (pair["first_error"], pair["second_error"]) == (4 * STEP, STEP)
    assert pair["relative"] == pytest.approx(5 * STEP / 4, rel=1e-5)
    judged = constructed("illuminate", TRUTH, [SINGLE, TRUTH], a=near, b=far)
    assert judged["pairs"][0]["nearer"] == "a"


def test_identical_results_are_both_alike(constructed):
    off = shifted(SINGLE, (0, 0), STEP)
    judged = constructed("illuminate", TRUTH, [SINGLE, TRUTH], a=off, b=off)
    assert judged["pairs"][0]["nearer"] == "both alike"
    assert judged["pairs"][0]["max_abs"] == 0
    assert judged["pairs"][0]["first_error"] == STEP


def test_three_backends_make_three_pairs(constructed):
    judged = constructed("illuminate", TRUTH, [SINGLE, TRUTH], a=SINGLE, b=SINGLE, c=SINGLE)
    assert [(p["first"], p["second"]) for p in judged["pairs"]] == [("a", "b"), ("a", "c"), ("b", "c")]


@pytest.mark.parametrize("value", [None, np.zeros(3, np.complex64), "no"], ids=["None", "shape", "text"])
def test_what_one_backend_did_not_compute_makes_no_pair(constructed, value):
    assert constructed("illuminate", TRUTH, [SINGLE, TRUTH], a=value, b=SINGLE)["pairs"] == []


def test_the_references_are_no_pair(constructed):
    assert constructed("illuminate", TRUTH, [SINGLE, TRUTH], a=SINGLE)["pairs"] == []
