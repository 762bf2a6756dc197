"""Figures: readable on a phone, told apart without colour, heard without eyes."""

import base64
import io
import itertools
import sys

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from course_utils import _outputs, figures
from course_utils.figures import style
from PIL import Image

ALT = "Two curves over ten epochs. Both fall; the dashed one stays above the other."
PALETTE = {"blue": figures.BLUE, "orange": figures.ORANGE, "green": figures.GREEN, "purple": figures.PURPLE,
           "brown": figures.BROWN, "grey": figures.GREY}  # fmt: skip
# Machado, Oliveira, Fernandes, A physiologically-based model for simulation of color vision
# deficiency, 2009, severity 1; the matrices act on linear RGB.
VISION = {
    "full colour": np.eye(3),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                              [-0.011820, 0.042940, 0.968881]]),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                            [-0.003882, -0.048116, 1.051998]]),
}  # fmt: skip
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour):
    rgb = np.array(matplotlib.colors.to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """WCAG contrast ratio, from 1 to 21."""
    dark, light = sorted(float(XYZ[1] @ linear(colour)) + 0.05 for colour in (one, other))
    return light / dark


def lab(rgb):
    """CIELAB of linear RGB: distances are close to what the eye sees."""
    ratio = XYZ @ np.clip(rgb, 0, 1) / (XYZ @ np.ones(3))
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.fixture(autouse=True)
def house_style():
    matplotlib.use("Agg")
    with matplotlib.rc_context():
        figures.use_style()
        yield
    plt.close("all")


@pytest.fixture
def shown(monkeypatch):
    outputs = []
    monkeypatch.setattr(_outputs, "send", lambda bundle, metadata: outputs.append((bundle, metadata)))
    return outputs


def curves():
    fig, ax = plt.subplots()
    epochs = np.arange(1, 11)
    figures.learning_curves(ax, {"training": 1 / epochs, "validation": 1 / epochs + 0.1})
    ax.set_title("Both fall")
    return fig


def every_kind():
    """One figure of each kind that the module draws."""
    fig, (left, right) = plt.subplots(1, 2)
    figures.decision_regions(left, lambda x: x[:, 0] - x[:, 1], (-1, 1), (-1, 1))
    figures.points(left, [[0.5, 0.0], [0.0, 0.5]], [1, -1])
    left.set(xlabel="$I_0$", ylabel="$I_1$", title="A line")
    left.legend()
    figures.heat_map(right, np.eye(3), label="share")
    right.set_title("A table")
    digits = np.arange(12 * 64).reshape(12, 8, 8)
    return {
        "curves": curves(),
        "plane": fig,
        "grid": figures.image_grid(digits, range(12), suptitle="Twelve images"),
    }


def texts(fig):
    fig.draw_without_rendering()
    return [
        text for text in fig.findobj(matplotlib.text.Text) if text.get_visible() and text.get_text().strip()
    ]


@pytest.mark.parametrize("name", PALETTE)
def test_colours_stand_out_from_the_paper(name):
    assert contrast(PALETTE[name], figures.PAPER) >= 3
    assert contrast(style.text_tone(PALETTE[name]), figures.PAPER) >= 4.5  # small text


def test_text_is_dark():
    for colour in (
        figures.INK,
        figures.TEAL,
        *(matplotlib.rcParams[f"{axis}tick.labelcolor"] for axis in "xy"),
    ):
        assert contrast(colour, figures.PAPER) >= 4.5


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(PALETTE, 2)))
def test_colours_stay_apart(vision, one, other):
    seen = [lab(VISION[vision] @ linear(PALETTE[name])) for name in (one, other)]
    assert np.linalg.norm(seen[0] - seen[1]) >= 15  # 2.3 is just noticeable


@pytest.mark.parametrize("vision", VISION)
def test_the_two_grounds_stay_apart_and_carry_their_points(vision):
    positive, negative = (
        lab(VISION[vision] @ linear(c)) for c in (style.POSITIVE_GROUND, style.NEGATIVE_GROUND)
    )
    assert np.linalg.norm(positive - negative) >= 8
    for point, ground in itertools.product(
        (figures.BLUE, figures.ORANGE), (style.POSITIVE_GROUND, style.NEGATIVE_GROUND)
    ):
        assert contrast(point, ground) >= 3


def test_dashes_and_markers_repeat_what_colours_say():
    assert len(set(map(str, figures.LINES))) == len(figures.LINES) == len(figures.CYCLE)
    fig, ax = plt.subplots()
    lines = [ax.plot([0, 1], [k, k])[0] for k in range(6)]
    assert len({str(line.get_linestyle()) + str(line._dash_pattern) for line in lines}) == 6
    figures.points(ax, [[0, 0], [1, 1]], [1, -1])
    circle, square = ax.collections[-2:]
    assert len(circle.get_paths()[0]) > len(square.get_paths()[0])
    for drawn, colour in ((circle, figures.BLUE), (square, figures.ORANGE)):
        assert matplotlib.colors.to_hex(drawn.get_facecolor()[0]).upper() == colour


def test_text_is_at_least_9_points_at_the_width_of_the_page():
    for name, fig in every_kind().items():
        assert fig.get_figwidth() == 6.5
        sizes = {text.get_text(): text.get_fontsize() for text in texts(fig)}
        assert sizes and min(sizes.values()) >= 9, name


def test_titles_stand_on_the_left():
    fig, ax = plt.subplots()
    ax.set_title("The finding")
    assert ax.get_title(loc="left") == "The finding" and ax.get_title(loc="center") == ""


def test_show_gives_one_picture_with_words(shown):
    fig = curves()
    assert figures.show(fig, alt=f"  {ALT[:20]}\n   {ALT[20:]} ") is None
    ((bundle, metadata),) = shown
    alt = " ".join(f"{ALT[:20]} {ALT[20:]}".split())
    assert list(bundle) == ["image/png", "text/plain"]
    assert bundle["text/plain"] == f"Figure: {alt}"
    assert metadata == {"image/png": {"alt": alt, "width": 624}}
    image = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"], validate=True)))
    assert image.format == "PNG" and image.size == (650, 360)
    assert not plt.fignum_exists(fig.number)  # else the notebook would show it a second time


@pytest.fixture
def shell():
    """Run a notebook's shell in this process."""
    from IPython.core.interactiveshell import InteractiveShell

    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_words_and_picture_reach_a_notebook(shell):
    from IPython.utils.capture import capture_output

    with capture_output() as captured:
        figures.show(curves(), alt=ALT)
    (output,) = captured.outputs
    assert output.metadata["image/png"]["alt"] == ALT and output.data["text/plain"] == f"Figure: {ALT}"
    assert base64.b64decode(output.data["image/png"]).startswith(b"\x89PNG")
    assert captured.stdout == ""


@pytest.mark.parametrize("alt", ["", "A figure", "x" * 60, "plot " * 12, "Loss over epochs, falling quickly"])
def test_show_refuses_words_that_say_too_little(shown, alt):
    with pytest.raises(ValueError, match="alt must name axes, shape and point"):
        figures.show(curves(), alt=alt)
    assert shown == []


@pytest.mark.parametrize(("fig", "alt"), [(None, ALT), (np.zeros(3), ALT), (plt, ALT), ("any", None)])
def test_show_refuses_what_is_no_figure_or_no_text(shown, fig, alt):
    with pytest.raises(TypeError):
        figures.show(curves() if isinstance(fig, str) else fig, alt=alt)
    assert shown == []


def reduced_and_original(fig):
    image = Image.open(io.BytesIO(figures.picture(fig)))
    raw = io.BytesIO()
    fig.savefig(raw, dpi=figures.DOTS_PER_INCH)
    return (
        image,
        np.asarray(image.convert("RGB"), dtype=int),
        np.asarray(Image.open(raw).convert("RGB"), dtype=int),
    )


def test_pictures_are_small_and_repeat():
    first, second = every_kind(), every_kind()
    for name, fig in first.items():
        png = figures.picture(fig)
        assert png == figures.picture(second[name]), name
        assert len(png) <= 16_000, name


def test_pictures_look_like_the_figure():
    for name, fig in every_kind().items():
        image, drawn, original = reduced_and_original(fig)
        assert image.mode == "P" and "Software" not in image.info
        assert "#{:02X}{:02X}{:02X}".format(*drawn[1, 1]) == figures.PAPER, name
        off = np.abs(drawn - original).max(axis=-1)
        assert off.mean() < 2.5 and (off > 8).mean() <= 0.05, name  # of 255


def test_a_smooth_field_shows_no_steps():
    fig, ax = plt.subplots()
    ax.imshow(np.hypot(*np.mgrid[-1:1:300j, -1:1:300j]), cmap=figures.colour_map(), aspect="auto")
    image, drawn, original = reduced_and_original(fig)
    assert len(image.getcolors()) > 48
    assert np.abs(drawn - original).max(axis=-1).mean() < 3


def test_a_long_title_is_not_cut_off(shown):
    fig, ax = plt.subplots(figsize=(4, 3))
    ax.set_title("A title of many words that is much wider than the figure below it")
    fig.savefig(io.BytesIO())
    box = ax._left_title.get_window_extent()
    assert box.x1 > fig.bbox.x1  # it would be
    figures.show(fig, alt=ALT)
    box = ax._left_title.get_window_extent()
    assert fig.bbox.x0 <= box.x0 and box.x1 <= fig.bbox.x1 and box.y1 <= fig.bbox.y1


def test_a_pure_line_keeps_its_colour():
    fig, ax = plt.subplots()
    ax.axhline(0, color=figures.ORANGE, linestyle="-", linewidth=4)
    colours = Image.open(io.BytesIO(figures.picture(fig))).convert("RGB").getcolors(1000)
    near = min(max(abs(a - b) for a, b in zip(rgb, (0xD5, 0x5E, 0x00), strict=True)) for _, rgb in colours)
    assert near <= 6  # of 255


def test_names_at_the_ends_of_curves_do_not_touch():
    fig, ax = plt.subplots()
    figures.learning_curves(
        ax, {f"curve {k}": np.linspace(1, 0.5 + k / 1000, 20) for k in range(5)} | {"far": np.ones(20)}
    )
    figures.picture(fig)
    boxes = [text.get_window_extent() for text in ax.texts]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    assert all(fig.bbox.x0 <= box.x0 and box.x1 <= fig.bbox.x1 for box in boxes)  # nothing is cut off
    assert [text.get_text() for text in ax.texts][-1] == "far"


def test_a_curve_that_broke_off_is_named_where_it_ends():
    fig, ax = plt.subplots()
    figures.learning_curves(
        ax, {"diverged": [1, 4, 16, np.nan, np.nan], "stable": [1, 0.9, 0.8, 0.7, 0.6]}, start=0
    )
    ends = {text.get_text(): text.xy for text in ax.texts}
    assert ends == {"diverged": (2, 16), "stable": (4, 0.6)}
    assert ax.get_xlabel() == "epoch" and ax.get_ylabel() == "loss"


@pytest.mark.parametrize("bad", [{}, {"a": []}, {"a": [[1, 2]]}, {"a": [np.nan]}])
def test_learning_curves_refuse_what_is_no_curve(bad):
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match="curve"):
        figures.learning_curves(ax, bad)
    assert not ax.lines


def region_at(ax, x, y):
    """Colour of the plane at a point, read from the picture."""
    fig = ax.figure
    raw = io.BytesIO()
    fig.savefig(raw, dpi=fig.dpi)
    image = Image.open(raw).convert("RGB")
    across, up = ax.transData.transform((x, y))
    return "#{:02X}{:02X}{:02X}".format(*image.getpixel((round(across), image.height - round(up))))


@pytest.mark.parametrize(
    "decide",
    [
        lambda x: 2 * x[:, 0] - x[:, 1] - 0.5,
        lambda x: np.where(2 * x[:, 0] - x[:, 1] > 0.5, 1, -1),
        lambda x: 1e300 * (2 * x[:, 0] - x[:, 1] - 0.5),
        lambda x: np.where(2 * x[:, 0] - x[:, 1] > 0.5, np.inf, -np.inf),
    ],
    ids=["scores", "classes", "huge", "infinite"],
)
def test_regions_show_the_decision(decide):
    _, ax = plt.subplots()
    figures.decision_regions(ax, decide, (-1, 1), (-1, 1))
    assert region_at(ax, 0.8, 0.2) == style.POSITIVE_GROUND
    assert region_at(ax, -0.8, 0.2) == style.NEGATIVE_GROUND
    assert ax.get_xlim() == (-1, 1) and ax.get_ylim() == (-1, 1)


@pytest.mark.parametrize(
    ("score", "ground"),
    [
        (1, style.POSITIVE_GROUND),
        (-1, style.NEGATIVE_GROUND),
        (0, style.NEGATIVE_GROUND),
    ],  # zero is not above zero
)
def test_a_plane_of_one_class_has_one_colour(score, ground):
    _, ax = plt.subplots()
    figures.decision_regions(ax, lambda x: np.full(len(x), score), (0, 1), (0, 1))
    assert {region_at(ax, x, y) for x, y in ((0.1, 0.1), (0.9, 0.4), (0.5, 0.9))} == {ground}


@pytest.mark.parametrize(
    ("decide", "limits", "resolution"),
    [
        (lambda x: x, ((0, 1), (0, 1)), 10),
        (lambda x: x[:3, 0], ((0, 1), (0, 1)), 10),
        (lambda x: x[:, 0] * np.nan, ((0, 1), (0, 1)), 10),
        (lambda x: x[:, 0], ((1, 0), (0, 1)), 10),
        (lambda x: x[:, 0], ((0, 1), (2, 2)), 10),
        (lambda x: x[:, 0], ((0, 1), (0, 1)), 1),
    ],
)
def test_regions_refuse_what_they_cannot_draw(decide, limits, resolution):
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match="must"):
        figures.decision_regions(ax, decide, *limits, resolution=resolution)


@pytest.mark.parametrize(
    ("x", "y"),
    [([1, 2], [1, 1]), ([[1, 2, 3]], [1]), ([[1, 2]], [1, 1]), ([[1, 2]], [0]), ([[1, 2], [3, 4]], [1, 2])],
)
def test_points_refuse_other_shapes_and_classes(x, y):
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match="must"):
        figures.points(ax, x, y)


def test_points_of_one_class_have_one_name():
    _, ax = plt.subplots()
    figures.points(ax, np.zeros((3, 2)), np.ones(3))
    assert ax.get_legend_handles_labels()[1] == ["class +1"]
    figures.points(ax, np.zeros((3, 2)), -np.ones(3), labels=False)
    assert ax.get_legend_handles_labels()[1] == ["class +1"]


def test_image_grid_keeps_order_and_hides_empty_places():
    images = np.random.default_rng(0).random((7, 5, 9))
    fig = figures.image_grid(images, titles=list("abcdefg"), columns=4, suptitle="Seven")
    assert len(fig.axes) == 8 and fig.get_figwidth() == 6.5
    for image, title, ax in zip(images, "abcdefg", fig.axes, strict=False):
        np.testing.assert_array_equal(ax.images[0].get_array(), image)
        assert ax.get_title() == title and ax.images[0].get_clim() == (images.min(), images.max())
    assert not fig.axes[-1].images and not fig.axes[-1].axison


def test_image_grid_of_signs_has_paper_at_zero():
    fig = figures.image_grid(np.array([[[-3.0, 0.0], [1.0, 2.0]]]), diverging=True)
    image = fig.axes[0].images[0]
    assert image.get_clim() == (-3, 3)
    red, green, blue, _ = image.cmap(image.norm(0.0))
    assert min(red, green, blue) > 0.9
    assert image.cmap(image.norm(-2.0))[0] > image.cmap(image.norm(-2.0))[2]  # orange below zero


def test_image_grid_takes_colour():
    assert figures.image_grid(np.zeros((2, 4, 4, 3))).axes[1].images


@pytest.mark.parametrize(
    "options",
    [
        {"images": np.zeros((0, 8, 8))},
        {"images": np.zeros((8, 8))},
        {"images": np.zeros((2, 8, 8, 4))},
        {"images": np.zeros((2, 64))},
        {"images": np.zeros((2, 8, 8)), "titles": ["one"]},
        {"images": np.zeros((2, 8, 8)), "columns": 0},
    ],
)
def test_image_grid_refuses_other_shapes(options):
    with pytest.raises(ValueError, match="must"):
        figures.image_grid(**options)
    assert plt.get_fignums() == []


def test_heat_map_numbers_can_be_read():
    _, ax = plt.subplots()
    matrix = np.linspace(0, 1, 25).reshape(5, 5)
    figures.heat_map(ax, matrix, rows=range(5), columns=list("abcde"), form=".2f")
    image = ax.images[0]
    assert [text.get_text() for text in ax.texts] == [f"{value:.2f}" for value in matrix.ravel()]
    for text, value in zip(ax.texts, matrix.ravel(), strict=True):
        assert contrast(text.get_color(), image.cmap(image.norm(value))) >= 4.5
    assert [label.get_text() for label in ax.get_xticklabels()] == list("abcde")
    assert [label.get_text() for label in ax.get_yticklabels()] == list("01234")


@pytest.mark.parametrize("diverging", [False, True])
def test_every_shade_carries_readable_numbers(diverging):
    _, ax = plt.subplots()
    matrix = np.linspace(-1, 1, 144).reshape(12, 12)
    figures.heat_map(ax, matrix, diverging=diverging)
    image = ax.images[0]
    shades = [
        (text.get_color(), image.cmap(image.norm(value)))
        for text, value in zip(ax.texts, matrix.flat, strict=True)
    ]
    assert min(contrast(*pair) for pair in shades) >= 4.5


def test_heat_map_leaves_gaps_and_large_tables_without_numbers():
    _, (left, right) = plt.subplots(1, 2)
    figures.heat_map(left, [[1.0, np.nan], [0.5, 0.25]])
    assert len(left.texts) == 3
    figures.heat_map(right, np.zeros((13, 2)))
    assert len(right.texts) == 0


@pytest.mark.parametrize(
    "options",
    [
        {"matrix": [1, 2]},
        {"matrix": np.full((2, 2), np.nan)},
        {"matrix": np.eye(2), "rows": ["one"]},
        {"matrix": np.eye(2), "columns": ["one", "two", "three"]},
    ],
)
def test_heat_map_refuses_what_does_not_fit(options):
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match="matrix must|must name"):
        figures.heat_map(ax, **options)


def test_colour_maps_run_from_light_to_dark():
    ramp = [XYZ[1] @ linear(figures.colour_map()(value)[:3]) for value in np.linspace(0, 1, 40)]
    assert (np.diff(ramp) < 0).all()
    both = [XYZ[1] @ linear(figures.colour_map(diverging=True)(value)[:3]) for value in np.linspace(0, 1, 41)]
    assert (np.diff(both[:21]) > 0).all() and (np.diff(both[20:]) < 0).all()


def test_style_is_only_set_on_request():
    assert "matplotlib" in sys.modules
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        figures.picture(plt.figure())
        assert matplotlib.rcParams["axes.spines.top"]


def test_image_fills_its_axes_with_sharp_pixels():
    ax = plt.figure().add_subplot()
    figures.image(ax, np.eye(4), title="one", limits=(0, 2))
    assert ax.images[0].get_interpolation() == "nearest"
    assert ax.images[0].get_clim() == (0, 2)
    assert len(ax.get_xticks()) == 0 and ax.get_title() == "one"
    figures.image(ax, np.array([[-3.0, 1.0]]), diverging=True)
    assert ax.images[1].get_clim() == (-3, 3)
    with pytest.raises(ValueError, match=r"pixels must be .* got \(2, 2, 2\)"):
        figures.image(ax, np.zeros((2, 2, 2)))


def test_image_rows_name_each_row_and_leave_places_empty():
    rows = {"asked": np.zeros((3, 8, 8)), "change": np.full((2, 4, 4), -2.0)}
    fig = figures.image_rows(rows, titles=["a", "b", "c"], diverging=["change"], suptitle="Two rows")
    assert len(fig.axes) == 6
    assert [ax.get_ylabel() for ax in fig.axes[::3]] == ["asked", "change"]
    assert [ax.get_title() for ax in fig.axes[:3]] == ["a", "b", "c"]
    assert fig.axes[3].images[0].get_clim() == (-2, 2)
    assert not fig.axes[5].images


def test_image_rows_scale_a_row_or_each_image():
    pictures = np.array([[[0.0, 1.0]], [[0.0, 4.0]]])
    together, apart = (figures.image_rows({"x": pictures}, each=each) for each in (False, True))
    assert [ax.images[0].get_clim()[1] for ax in together.axes] == [4, 4]
    assert [ax.images[0].get_clim()[1] for ax in apart.axes] == [1, 4]


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        ({}, {}, "at least one row"),
        ({"x": np.zeros((8, 8))}, {}, r"row 'x' must be \(n, height, width\), got \(8, 8\)"),
        ({"x": np.zeros((2, 8, 8))}, {"titles": ["a"]}, "each of 2 columns, got 1"),
        ({"x": np.zeros((2, 8, 8))}, {"diverging": ["y"]}, r"diverging must name rows \(x\), got y"),
    ],
)
def test_image_rows_refuse_what_does_not_fit(rows, options, words):
    with pytest.raises(ValueError, match=words):
        figures.image_rows(rows, **options)


def test_the_style_is_quiet():
    with matplotlib.rc_context():
        figures.use_style()
        given = matplotlib.rcParams
        assert not (given["axes.grid"] or given["axes.spines.top"] or given["axes.spines.right"] or given["legend.frameon"])
        assert given["axes.axisbelow"] is True and given["figure.constrained_layout.use"] is True
        sizes = ("font.size", "axes.labelsize", "legend.fontsize", "axes.titlesize", "figure.titlesize", "xtick.labelsize")
        assert [given[name] for name in sizes] == [10.5, 10.5, 10, 12, 12.5, 9.5]
        assert [given[f"figure.constrained_layout.{side}_pad"] for side in "hw"] == [0.1, 0.1]
        assert (given["lines.linewidth"], given["axes.linewidth"], tuple(given["figure.figsize"])) == (2.0, 0.8, (6.5, 3.6))


def test_text_in_a_line_colour_is_mixed_with_ink_channel_by_channel():
    ink = [int(style.INK[k : k + 2], 16) for k in (1, 3, 5)]
    mixed = [round(0.6 * part + 0.4 * dark) for part, dark in zip((16, 128, 240), ink, strict=True)]
    assert style.text_tone("#1080F0") == "#{:02X}{:02X}{:02X}".format(*mixed)
