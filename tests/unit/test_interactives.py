"""The interactive figures: arguments, output, and the JavaScript against independent references.

`python tests/unit/test_interactives.py` writes tests/js/reference.mjs afresh.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog, nnls
from scipy.special import expit, log_expit

from course_utils import interactives
from course_utils.interactives import base

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "tests" / "js" / "reference.mjs"
HEAD = "// Computed with NumPy and SciPy by tests/unit/test_interactives.py, which checks that it is still true.\n"
FIGURES = {"perceptron": interactives.perceptron, "sigmoid_ramp": interactives.sigmoid_ramp}
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(
    NODE is None, reason="no Node found: the browser tests run the same files in Chromium"
)

GATES = {
    "and": [[0, 0, -1], [0, 1, -1], [1, 0, -1], [1, 1, 1]],
    "or": [[0, 0, -1], [0, 1, 1], [1, 0, 1], [1, 1, 1]],
    "xor": [[0, 0, -1], [0, 1, 1], [1, 0, 1], [1, 1, -1]],
}


# ---- independent references


def corrections(points: list[list[float]], most: int) -> list[list[float]]:
    """Follow the perceptron rule with whole numbers of 1/20: [index, W0, W1, t] after each mistake."""
    grid = np.rint(np.array(points) * [20, 20, 1]).astype(np.int64)
    examples = np.column_stack([grid[:, :2], np.full(len(grid), 20)])  # the third weight is -t
    weights, steps, i, calm = np.zeros(3, dtype=np.int64), [], 0, 0
    while calm < len(grid) and len(steps) < most:
        example, label = examples[i], grid[i, 2]
        if label * (weights @ example) <= 0:
            weights, calm = weights + label * example, 0
            steps.append([i, *(float(v) for v in weights * [1, 1, -1] / 20)])
        else:
            calm += 1
        i = (i + 1) % len(grid)
    return steps


def widest_margin(points: list[list[float]]) -> float:
    """Solve min |v| with label * (v . (x, y, 1)) >= 1 as non-negative least squares; 0 if impossible."""
    rows = np.array(points, dtype=float)
    z = rows[:, 2:] * np.column_stack([rows[:, :2], np.ones(len(rows))])
    feasible = linprog(np.zeros(3), A_ub=-z, b_ub=-np.ones(len(z)), bounds=[(None, None)] * 3).status == 0
    if not feasible:
        return 0.0
    system = np.vstack([z.T, np.ones(len(z))])
    solution, _ = nnls(system, np.array([0.0, 0.0, 0.0, 1.0]))
    residual = system @ solution - [0.0, 0.0, 0.0, 1.0]
    return float(1 / np.linalg.norm(residual[:3] / residual[3]))


def reference() -> dict:
    """What the JavaScript has to reproduce."""
    rng = np.random.default_rng(20)
    sets = list(GATES.values())
    for count in (5, 8, 12, 20, 30):
        for gap in (0.0, 0.1, 0.3):
            normal = rng.normal(size=2)
            normal /= np.linalg.norm(normal)
            xy = rng.integers(-20, 41, size=(4 * count, 2)) / 20
            height = xy @ normal - normal.sum() / 2
            keep = np.abs(height) >= gap
            label = np.where(height > 0, 1, -1)
            if gap == 0.0:
                label[0] *= -1  # some of these sets have no line
            sets.append(
                [[float(x), float(y), int(c)] for (x, y), c in zip(xy[keep], label[keep], strict=True)][
                    :count
                ]
            )
    z = [-800.0, -40.0, -5.0, -1.0, -0.5, -1e-3, 0.0, 1e-3, 0.5, 1.0, 2.0, 5.0, 40.0, 800.0]
    return {
        "runs": [{"points": points, "steps": corrections(points, 60)} for points in sets],
        "margins": [{"points": points, "margin": widest_margin(points)} for points in sets],
        "sigmoid": [[v, float(expit(v)), float(-log_expit(v)), float(-log_expit(-v))] for v in z],
    }


def flat(value) -> list[float]:
    if isinstance(value, dict):
        return [v for key in sorted(value) for v in flat(value[key])]
    return [v for item in value for v in flat(item)] if isinstance(value, list) else [float(value)]


def test_the_committed_reference_is_what_numpy_and_scipy_compute():
    stored = json.loads(
        REFERENCE.read_text(encoding="utf-8").removeprefix(HEAD + "export default ").rstrip(";\n")
    )
    fresh = reference()
    assert [len(run["steps"]) for run in stored["runs"]] == [len(run["steps"]) for run in fresh["runs"]]
    np.testing.assert_allclose(flat(stored), flat(fresh), rtol=1e-9, atol=1e-11)
    margins = [entry["margin"] for entry in stored["margins"]]
    assert min(margins) == 0 and max(margins) > 0.2  # both kinds are there


# ---- JavaScript under Node


@needs_node
def test_pure_functions_under_node():
    files = sorted(str(path) for path in (ROOT / "tests" / "js").glob("*.test.mjs"))
    done = subprocess.run([NODE, "--test", *files], capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@needs_node
@pytest.mark.parametrize("name", FIGURES)
def test_the_joined_script_parses(name, tmp_path):
    script = tmp_path / "figure.mjs"
    script.write_text(base.bundle(name), encoding="utf-8")
    done = subprocess.run([NODE, "--check", str(script)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


# ---- the output


@pytest.mark.parametrize("name", FIGURES)
def test_output_is_small_repeatable_and_alone(name):
    first, second = FIGURES[name](), FIGURES[name]()
    bundle = first._repr_mimebundle_()
    assert bundle == second._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    text = bundle["text/html"]
    assert len(text.encode()) <= 48_000
    assert len(base.bundle(name).encode()) <= 45_000
    assert re.search(rf'data-dlm="{name}-[0-9a-f]{{8}}"', text)
    assert " id=" not in text.split("<style>")[0]
    packed = base64.b64decode(re.search(r'atob\("([^"]+)"\)', text)[1])
    script = gzip.decompress(packed).decode()
    assert script.startswith(base.bundle(name)) and f'mountAll("{name}-' in script
    for part in (text.replace(base64.b64encode(packed).decode(), ""), script):
        assert not re.search(r"https?://|import\(|\bfetch\(|localStorage|Math\.random|\bDate\b", part)
    assert text.count("<script") == 2 and text.count("</script") == 2
    assert not re.search(r"^(import|export) ", base.bundle(name), flags=re.M)


@pytest.mark.parametrize("name", FIGURES)
def test_without_javascript_the_text_still_teaches(name):
    figure = FIGURES[name]()
    page = figure.html().split("<script")[0]
    assert html.escape(figure.alt) in page
    assert len(figure.lesson) >= 2 and all(html.escape(text) in page for text in figure.lesson)
    assert html.escape(base.WITHOUT_SCRIPT) in page
    assert repr(figure) == f"Interactive figure: {figure.alt}"
    assert 80 <= len(figure.alt) <= 400


def test_modules_keep_strings_on_one_line():
    """`_shrink` drops indentation, which must never be part of a value."""
    for path in base.HERE.glob("*.js"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert line.count("`") % 2 == 0 or line.lstrip().startswith(("//", "/*", "*")), (
                f"{path.name}:{number}"
            )


def test_data_cannot_leave_its_script():
    figure = base.Interactive(
        "perceptron", '<b>"alt" & more</b>', ["</script><!-- x"], text="</script><!--<b>"
    )
    page = figure.html()
    assert page.count("</script") == 2 and "<!--" not in page and "<b>" not in page.split("<script")[0]
    data = re.search(r'<script type="application/json">(.*?)</script>', page, flags=re.S)[1]
    assert json.loads(data) == {"text": "</script><!--<b>"}


def test_no_network_names_in_the_modules():
    for path in base.HERE.iterdir():
        if path.suffix in (".js", ".css"):
            assert "http" not in path.read_text(encoding="utf-8"), path.name


def test_colours_are_those_of_the_figures():
    css = "".join(base.style())
    light, dark = css.split("[data-scheme=dark]")[:2]
    assert "--plus: #0072b2" in light and "--minus: #d55e00" in light
    assert "--plus: #56b4e9" in dark and "--minus: #f0a35e" in dark


def test_most_of_the_style_travels_packed():
    words, rest = base.style()
    page = interactives.perceptron("and").html()
    assert words in page and rest not in page
    assert len(words) < 1_200 < len(rest)
    script = gzip.decompress(base64.b64decode(re.search(r'atob\("([^"]+)"\)', page)[1])).decode()
    assert json.dumps(rest) in script


# ---- arguments


def test_perceptron_takes_arrays_and_keeps_their_order():
    points = np.array([[0.5, -1, 1], [2, 3, -1]])
    assert interactives.perceptron(points).props["points"] == [[0.5, -1.0, 1], [2.0, 3.0, -1]]
    props = interactives.perceptron("or", weights=np.array([2, -1]), threshold=np.float32(1)).props
    assert props["weights"] == [2.0, -1.0, 1.0]
    assert interactives.perceptron("random", seed=np.int64(4)).props["seed"] == 4


@pytest.mark.parametrize(
    ("call", "error", "parts"),
    [
        (lambda: interactives.perceptron("nand"), ValueError, ["dataset", "'nand'", '"xor"']),
        (lambda: interactives.perceptron(3), TypeError, ["dataset", "3"]),
        (lambda: interactives.perceptron([]), ValueError, ["dataset", "1 to 40", "got 0"]),
        (lambda: interactives.perceptron([[0, 0, 1]] * 41), ValueError, ["dataset", "got 41"]),
        (lambda: interactives.perceptron([[0, 0]]), ValueError, ["dataset[0]", "[x, y, label]"]),
        (lambda: interactives.perceptron([3]), ValueError, ["dataset[0]", "got 3"]),
        (lambda: interactives.perceptron([[0, 0, 0]]), ValueError, ["label", "1 or -1", "got 0"]),
        (lambda: interactives.perceptron([[0, float("nan"), 1]]), ValueError, ["dataset[0][1]", "nan"]),
        (lambda: interactives.perceptron([["a", 0, 1]]), TypeError, ["dataset[0][0]", "'a'"]),
        (lambda: interactives.perceptron(weights=[1]), ValueError, ["weights", "two", "got 1"]),
        (lambda: interactives.perceptron(weights=3), TypeError, ["weights", "3"]),
        (lambda: interactives.perceptron(threshold=1e6), ValueError, ["threshold", "100", "1000000"]),
        (lambda: interactives.perceptron(seed=-1), ValueError, ["seed", "-1"]),
        (lambda: interactives.perceptron(seed=True), ValueError, ["seed", "True"]),
        (lambda: interactives.sigmoid_ramp(0), ValueError, ["steepness", "0.25 to 20", "got 0"]),
        (lambda: interactives.sigmoid_ramp("2"), TypeError, ["steepness", "'2'"]),
        (lambda: interactives.sigmoid_ramp(weights=[0, 0]), ValueError, ["weights", "[0.0, 0.0]"]),
        (lambda: interactives.sigmoid_ramp(threshold=None), TypeError, ["threshold", "None"]),
    ],
)
def test_errors_name_argument_given_and_allowed(call, error, parts):
    with pytest.raises(error) as caught:
        call()
    for part in parts:
        assert part in str(caught.value)


if __name__ == "__main__":
    REFERENCE.write_text(
        HEAD + "export default " + json.dumps(reference(), separators=(",", ":")) + ";\n", encoding="utf-8"
    )
