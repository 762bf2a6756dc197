"""The limits of every figure's arguments: the last value on each side is taken and kept, the next one is refused by name."""

from __future__ import annotations

import base64
import importlib
import json
import re

import numpy as np
import pytest

from course_utils import datasets, interactives
from course_utils.interactives import attention, base, cnns, gans, maps, packing, transformers_export
from course_utils.interactives.export import export_keras
from tests.interactive_figures import assert_refused, keras
from tests.unit.test_interactives_attention import changed, make, small_weights, vocabularies
from tests.unit.test_interactives_cnns import build, lecture_net
from tests.unit.test_interactives_gans import small_generator
from tests.unit.test_interactives_maps import COLOURS, PICTURES, PLACES, example, sheet_of
from tests.unit.test_interactives_transformers import heads, small, weights_of, words

FIGURE = interactives
LAST_SEED = 2**31 - 1


PLACES_FOR = np.random.default_rng(0).normal(size=(501, 2))


def parts(number):
    """A formula of so many different parts: each term is one, and each sum."""
    return "+".join(["x" if number % 2 else "-x", *map(str, range((number - 1) // 2))])


def explorer(vector, **options):
    return FIGURE.latent_explorer(small_generator(), {"slant": vector}, **options)


def sheet(rows, columns):
    return example(pictures=np.ones((40, rows, columns)))


# ---- numbers and lengths: what makes the figure, the name in its errors, the ends, and what comes after them

RANGES = [
    ("perceptron_point", lambda v: FIGURE.perceptron([[v, 0, 1]]), "dataset[0][0]", (-100, 100), (-100.5, 100.5)),
    ("perceptron_weights", lambda v: FIGURE.perceptron(weights=(v, 0)), "weights[0]", (-100, 100), (-100.5, 100.5)),
    ("perceptron_threshold", lambda v: FIGURE.perceptron(threshold=v), "threshold", (-100, 100), (-100.5, 100.5)),
    ("perceptron_seed", lambda v: FIGURE.perceptron(seed=v), "seed", (0, LAST_SEED), (-1, LAST_SEED + 1)),
    ("ramp_steepness", lambda v: FIGURE.sigmoid_ramp(v), "steepness", (0.25, 20), (0.2, 20.5)),
    ("ramp_weights", lambda v: FIGURE.sigmoid_ramp(weights=(1, v)), "weights[1]", (-10, 10), (-10.5, 10.5)),
    ("ramp_threshold", lambda v: FIGURE.sigmoid_ramp(threshold=v), "threshold", (-20, 20), (-20.5, 20.5)),
    ("playground_units", lambda v: FIGURE.playground(hidden=[2, v]), "hidden[1]", (1, 8), (0, 9)),
    ("playground_rate", lambda v: FIGURE.playground(learning_rate=v), "learning_rate", (0.0001, 10), (0.00009, 10.5)),
    ("playground_strength", lambda v: FIGURE.playground(regularisation_rate=v), "regularisation_rate", (0.0001, 1), (0.00009, 1.1)),
    ("playground_batch", lambda v: FIGURE.playground(batch_size=v), "batch_size", (1, 200), (0, 201)),
    ("playground_noise", lambda v: FIGURE.playground(noise=v), "noise", (0, 2), (-0.1, 2.1)),
    ("playground_seed", lambda v: FIGURE.playground(seed=v), "seed", (0, LAST_SEED), (-1, LAST_SEED + 1)),
    ("graph_value", lambda v: FIGURE.computation_graph("x", x=v), "x", (-10, 10), (-10.5, 10.5)),
    ("adversarial_budget", lambda v: FIGURE.adversarial(lecture_net(), epsilon=v), "epsilon", (0, 0.4), (-0.01, 0.41)),
    ("surface_point", lambda v: FIGURE.error_surface((v, 0)), "point[0]", (-20, 20), (-20.5, 20.5)),
    ("surface_rate", lambda v: FIGURE.error_surface(learning_rate=v), "learning_rate", (0.001, 1), (0.0009, 1.1)),
    ("surface_clip", lambda v: FIGURE.error_surface(clip=v), "clip", (0.1, 100), (0.09, 101)),
    ("surface_length", lambda v: FIGURE.error_surface(length=v), "length", (5, 100), (4, 101)),
    ("valves_bar", lambda v: FIGURE.gate_valves(inputs=[v, 0, 0, 0]), "inputs[0]", (-1, 1), (-1.1, 1.1)),
    ("valves_weight", lambda v: FIGURE.gate_valves(weight=v), "weight", (0, 2), (-0.1, 2.1)),
    ("translator_number", lambda v: make(number=v), "number", (0, 9999), (-1, 10_000)),
    ("heads_layer", lambda v: heads(layer=v), "layer", (1, 2), (0, 3)),
    ("heads_head", lambda v: heads(head=v), "head", (1, 3), (0, 4)),
    ("heads_temperature", lambda v: heads(temperature=v), "temperature", (0, 2), (-0.1, 2.1)),
    ("heads_bits", lambda v: heads(bits=v), "bits", (1, 12), (0.9, 12.1)),
    ("gan_forger", lambda v: FIGURE.gan_playground(generator_rate=v), "generator_rate", (0.0001, 0.1), (0.00009, 0.11)),
    ("gan_judge", lambda v: FIGURE.gan_playground(discriminator_rate=v), "discriminator_rate", (0.0001, 0.1), (0.00009, 0.11)),
    ("gan_steps", lambda v: FIGURE.gan_playground(discriminator_steps=v), "discriminator_steps", (1, 10), (0, 11)),
    ("gan_seed", lambda v: FIGURE.gan_playground(seed=v), "seed", (0, LAST_SEED), (-1, LAST_SEED + 1)),
    ("explorer_direction", lambda v: explorer([v] + [1] * 11), "directions['slant'][0]", (-1e6, 1e6), (-1.1e6, 1.1e6)),
    ("grid_discount", lambda v: FIGURE.grid_world(discount=v), "discount", (0, 0.99), (-0.1, 0.995)),
    ("grid_exploration", lambda v: FIGURE.grid_world(exploration_rate=v), "exploration_rate", (0, 1), (-0.1, 1.1)),
    ("grid_rate", lambda v: FIGURE.grid_world(learning_rate=v), "learning_rate", (0.01, 1), (0.009, 1.1)),
    ("grid_slip", lambda v: FIGURE.grid_world(slip=v), "slip", (0, 0.6), (-0.1, 0.7)),
    ("grid_cost", lambda v: FIGURE.grid_world(step_cost=v), "step_cost", (0, 0.1), (-0.1, 0.11)),
    ("grid_seed", lambda v: FIGURE.grid_world(seed=v), "seed", (0, LAST_SEED), (-1, LAST_SEED + 1)),
    ("map_colour", lambda v: example(colours={"v": [v] + [0.0] * 39}), "colours['v']", (-1e9, 1e9), (-1.1e9, 1.1e9, np.inf)),
    ("map_group", lambda v: example(groups=[v, *range(39)]), "groups[0]", (-(10**6), 10**6), (-(10**6) - 1, 10**6 + 1)),
    ("map_ink", lambda v: example(pictures=np.r_[np.full((1, 5, 5), v), np.ones((39, 5, 5))]), "pictures", (0, 255), (-0.5, 255.5)),
]
LENGTHS = [
    ("perceptron_points", lambda n: FIGURE.perceptron([[0, 0, 1]] * n), "dataset", (1, 40), (0, 41)),
    ("playground_layers", lambda n: FIGURE.playground(hidden=[2] * n), "hidden", (0, 4), (5,)),
    ("graph_name", lambda n: FIGURE.computation_graph("x" * n), "expression", (1, 6), (7,)),
    ("graph_signs", lambda n: FIGURE.computation_graph("x" + " " * (n - 3) + "+1"), "expression", (80,), (81,)),
    ("graph_inputs", lambda n: FIGURE.computation_graph("+".join(f"x{k}" for k in range(n))), "expression", (1, 8), (9,)),
    ("graph_parts", lambda n: FIGURE.computation_graph(parts(n)), "expression", (31, 32), (33, 34)),
    ("valves_bars", lambda n: FIGURE.gate_valves(inputs=[0.5] * n), "inputs", (4, 16), (3, 17)),
    ("convolution_rows", lambda n: FIGURE.convolution(np.ones((n, 8))), "image", (4, 28), (3, 29)),
    ("drawn_examples", lambda n: FIGURE.draw_digit(lecture_net(), np.zeros((n, 64))), "examples", (1, 12), (13,)),
    ("heads_text", lambda n: heads(text="a" * n), "text", (1, 20), (0, 21)),
    ("gaps_text", lambda n: words(text="x" * n), "text", (1, 240), (0, 241)),
    ("explorer_directions", lambda n: FIGURE.latent_explorer(small_generator(), {str(k): [1] * 12 for k in range(n)}), "directions", (0, 4), (5,)),
    ("explorer_name", lambda n: FIGURE.latent_explorer(small_generator(), {"x" * n: [1] * 12}), "directions", (1, 16), (0, 17)),
    ("grid_rows", lambda n: FIGURE.grid_world(["SG"] + [".."] * (n - 1)), "grid", (2, 7), (1, 8)),
    ("grid_columns", lambda n: FIGURE.grid_world(["S" + "." * (n - 1), "G" * n]), "grid", (2, 8), (1, 9)),
    ("map_dots", lambda n: maps.picture_map(PLACES_FOR[:n], np.ones((n, 4, 4)), {"v": np.arange(n)}), "places", (20, 500), (19, 501)),
    ("map_rows", lambda n: sheet(n, 8), "pictures", (4, 96), (3, 97)),
    ("map_columns", lambda n: sheet(8, n), "pictures", (4, 96), (3, 97)),
    ("map_colours", lambda n: example(colours={str(k): np.arange(40) for k in range(n)}), "colours", (1, 4), (0, 5)),
    ("map_name", lambda n: example(thing="x" * n), "thing", (1, 24), (0, 25)),
]
TABLE = [pytest.param(*row[1:], id=row[0]) for row in [*RANGES, *LENGTHS]]


@pytest.mark.parametrize(("figure", "name", "ends", "beyond"), TABLE)
def test_the_ends_are_taken_and_what_lies_beyond_is_refused(figure, name, ends, beyond):
    for value in ends:
        assert isinstance(figure(value), base.Interactive), value
    for value in beyond:
        assert_refused(lambda value=value: figure(value), ValueError, [name])


def test_whole_vectors_must_be_longer_than_almost_nothing():
    assert FIGURE.sigmoid_ramp(weights=(0.1, 0)).props["weights"] == [0.1, 0]
    assert_refused(lambda: FIGURE.sigmoid_ramp(weights=(0.07, 0.07)), ValueError, ["weights", "longer than 0.1"])
    FIGURE.sigmoid_ramp(weights=(0.075, 0.075))


def test_a_line_is_kept_when_one_of_its_numbers_is_not_zero():
    for line in ((0, 0, 3), (0, 2, 0), (1, 0, 0)):
        assert FIGURE.perceptron(weights=line[:2], threshold=line[2]).props["weights"] == list(line)
    assert "weights" not in FIGURE.perceptron().props


def test_a_map_leaves_three_of_other_groups_to_each():
    assert example(groups=[0] * 37 + [1, 2, 3]).props["groups"][-1] == 3
    assert_refused(lambda: example(groups=[0] * 38 + [1, 2]), ValueError, ["groups", "at least 3"])


@pytest.mark.parametrize("lead", ["", "\0"])
def test_a_text_leaves_room_for_the_sign_that_it_starts_with(lead):
    alphabet = (lead + "abcdefghijklmnopqrstuvwxyz .,")[:29]
    heads(alphabet=alphabet, text="a" * (20 - len(lead)))
    assert_refused(lambda: heads(alphabet=alphabet, text="a" * (21 - len(lead))), ValueError, ["text", f"1 to {20 - len(lead)} "])


def test_gaps_need_a_length_of_eight():
    from tests.unit.test_interactives_transformers import WORDS

    def of_length(length):
        return small(causal=False, norm="post", segments=2, vocabulary=len(WORDS), length=length)

    words(config=of_length(8))
    assert_refused(lambda: words(config=of_length(7)), ValueError, ["config", "at least 8"])


# ---- numbers are kept as the sliders hold them


@pytest.mark.parametrize(
    ("figure", "name", "kept"),
    [
        (lambda: FIGURE.grid_world(discount=0.9012), "gamma", 0.9),
        (lambda: FIGURE.grid_world(exploration_rate=0.1234), "epsilon", 0.12),
        (lambda: FIGURE.grid_world(learning_rate=0.1234), "alpha", 0.12),
        (lambda: FIGURE.grid_world(slip=0.1234), "slip", 0.12),
        (lambda: FIGURE.grid_world(step_cost=0.0123), "cost", 0.01),
        (lambda: FIGURE.gate_valves(weight=1.2345), "weight", 1.23),
        (lambda: FIGURE.gate_valves(inputs=[0.1234, 0, 0, 0]), "x", [0.12, 0, 0, 0]),
        (lambda: FIGURE.error_surface(learning_rate=0.02), "rate", -1.699),
        (lambda: FIGURE.error_surface((1.234567, 0)), "point", [1.2346, 0]),
        (lambda: FIGURE.gan_playground(generator_rate=0.00123), "forgerRate", 0.0012),
        (lambda: FIGURE.gan_playground(discriminator_rate=0.00123), "judgeRate", 0.0012),
        (lambda: heads(temperature=0.1234), "temperature", 0.12),
    ],
)
def test_numbers_are_rounded_as_the_sliders_hold_them(figure, name, kept):
    assert figure().props[name] == kept


# ---- networks


def test_networks_of_the_largest_size_travel(monkeypatch):
    model = lecture_net()
    monkeypatch.setattr(cnns, "MOST_PARAMETERS", model.count_params())
    monkeypatch.setattr(cnns, "SHARP_UP_TO", model.count_params())
    assert FIGURE.draw_digit(model).props["network"]["precision"] == "float32"
    monkeypatch.setattr(importlib.import_module("course_utils.interactives.adversarial"), "SHARP_UP_TO", model.count_params())
    assert FIGURE.adversarial(model).props["network"]
    generator = small_generator()
    monkeypatch.setattr(gans, "MOST_WEIGHTS", generator.count_params())
    monkeypatch.setattr(gans, "SHARP_UP_TO", generator.count_params())
    assert FIGURE.latent_explorer(generator).props["network"]["precision"] == "float32"
    weights = small_weights()
    monkeypatch.setitem(attention.MOST_WEIGHTS, "float16", sum(array.size for array in weights.values()))
    assert make(weights).props["precision"] == "float16"
    config = small()
    monkeypatch.setattr(transformers_export, "MOST_WEIGHTS", sum(array.size for array in weights_of(config).values()))
    assert heads(weights_of(config)).props["text"] == "a cab"


def test_pictures_of_the_largest_size_travel(monkeypatch):
    data = base64.b64decode(example().props["sheet"].partition(",")[2])
    monkeypatch.setattr(maps, "MOST_BYTES", len(data))
    assert example().props["size"] == [66, 84]


def dense_with(kernel):
    model = build(keras().layers.Flatten(), keras().layers.Dense(10))
    model.set_weights([kernel, np.zeros(10)])
    return model


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -7e4])
def test_one_number_that_cannot_be_stored_is_enough_to_refuse(wrong):
    kernel = np.ones((64, 10))
    kernel[3, 4] = wrong
    assert_refused(lambda: export_keras(dense_with(kernel), precision="float16"), ValueError, ["weight", "float16"])
    vector = small_weights()["v_a"]
    vector[0] = wrong
    assert_refused(lambda: make(changed(v_a=vector)), ValueError, ["weights['v_a']", "float16"])
    if abs(wrong) < 1e5:  # a transformer's numbers are packed: each of them has a place
        return
    weights = weights_of(small())
    weights["tokens"][1, 2] = wrong
    assert_refused(lambda: heads(weights), ValueError, ["weights['tokens']", "finite"])
    assert_refused(lambda: packing.pack({"m": kernel}), ValueError, ["arrays['m']", "finite"])


def test_the_largest_number_of_its_precision_is_stored():
    largest = float(np.finfo("float16").max)
    assert export_keras(dense_with(np.full((64, 10), largest)), precision="float16")["layers"]
    assert make(changed(v_a=np.full(4, -largest))).props["weights"]["v_a"]["shape"] == [4]


def test_shapes_of_weights_are_explained_however_few_axes_they_have():
    for name, array, parts in (
        ("start", np.zeros(3), ["weights['read_x']", "(5, 9)"]),
        ("start", np.zeros(()), ["weights['read_x']", "(5, 0)"]),
        ("source", np.zeros(3), ["weights['source']", "(3,)"]),
        ("source", np.zeros(()), ["weights['source']", "(31, 0)"]),
        ("v_a", np.zeros(()), ["weights['W_a']", "(8, 0)"]),
    ):
        assert_refused(lambda name=name, array=array: make(changed(**{name: array})), ValueError, parts)
    assert len(vocabularies()[0]) == 31


def test_a_vocabulary_goes_on_after_its_first_words():
    assert_refused(lambda: make(words=[""]), ValueError, ["words must begin with '' and go on"])
    assert_refused(lambda: make(letters=["", "^"]), ValueError, ["letters must begin with '', '^' and go on"])


def test_wrong_shapes_on_either_side_are_refused():
    layer = keras().layers
    wide, narrow = build(layer.Flatten(), layer.Dense(3)), build(layer.Flatten(), layer.Dense(10), shape=(9, 9, 1))
    for model, parts in ((wide, ["(8, 8, 1) into (3,)"]), (narrow, ["(9, 9, 1) into (10,)"])):
        assert_refused(lambda model=model: FIGURE.adversarial(model), ValueError, ["model", *parts])
        assert_refused(lambda model=model: FIGURE.draw_digit(model), ValueError, ["model", *parts])


def test_a_network_that_is_not_built_is_refused_by_every_figure():
    model = keras().Sequential([keras().layers.Dense(10)])
    for figure in (FIGURE.draw_digit, FIGURE.adversarial, FIGURE.latent_explorer):
        assert_refused(lambda figure=figure: figure(model), ValueError, ["must be built"])


def test_only_a_sequential_of_keras_is_exported():
    class Sequential:
        built = True

    inputs = keras().Input((8, 8, 1))
    graph = keras().Model(inputs, keras().layers.Dense(10)(keras().layers.Flatten()(inputs)))
    assert_refused(lambda: export_keras(Sequential()), TypeError, ["keras.Sequential", "Sequential"])
    assert_refused(lambda: export_keras(graph), TypeError, ["keras.Sequential", "Functional"])


@pytest.mark.parametrize(
    ("layer", "parts"),
    [
        (lambda k: k.Conv2D(2, 3, data_format="channels_first"), ["Conv2D", "data_format='channels_first'"]),
        (lambda k: k.MaxPooling2D(2, data_format="channels_first"), ["MaxPooling2D", "data_format='channels_first'"]),
        (lambda k: k.Flatten(data_format="channels_first"), ["Flatten", "data_format='channels_first'"]),
        (lambda k: k.Softmax(axis=1), ["Softmax", "axis=1", "-1"]),
    ],
)
def test_options_that_the_page_does_not_know_are_refused(layer, parts):
    k = keras().layers
    assert_refused(lambda: export_keras(build(layer(k), k.Flatten(), k.Dense(10), shape=(8, 8, 8))), ValueError, parts)


def test_a_layer_that_is_given_as_an_activation_is_refused_but_a_leaky_one():
    k = keras().layers
    leaky, other = (build(k.Flatten(), k.Dense(4, activation=one), k.Dense(10)) for one in (k.LeakyReLU(0.1), k.ReLU()))
    assert export_keras(leaky)["layers"][1]["slope"] == 0.1
    assert_refused(lambda: export_keras(other), ValueError, ["Dense", "activation"])


def test_a_softmax_in_the_last_layer_leaves_that_layer():
    k = keras().layers
    model = build(k.Conv2D(2, 3), k.ReLU(), k.Flatten(), k.Dense(10, activation="softmax"))
    assert [entry["type"] for entry in export_keras(model)["layers"]] == ["conv", "activate", "shape", "dense"]


# ---- pictures


def read(pictures):
    return np.array([[int(sign, 17) / 16 for sign in text] for text in pictures])


def test_the_five_of_the_convolution_is_the_one_nearest_to_the_mean():
    data = datasets.load_digits()
    fives = np.concatenate([data.x_train[data.y_train == 5], data.x_test[data.y_test == 5]]).reshape(-1, 64)
    nearest = fives[np.linalg.norm(fives - fives.mean(axis=0), axis=1).argmin()]
    np.testing.assert_allclose(np.ravel(FIGURE.convolution().props["image"]), nearest, atol=1e-4)


def test_the_examples_are_the_first_test_pictures():
    data = datasets.load_digits()
    first = [np.flatnonzero(data.y_test == digit)[0] for digit in range(10)]
    np.testing.assert_array_equal(read(FIGURE.draw_digit(lecture_net()).props["examples"]), data.x_test[first].reshape(10, 64))


@pytest.mark.parametrize("wrong", [1.5, -0.5, np.nan])
def test_one_pixel_outside_is_enough_to_refuse(wrong):
    pictures = np.zeros((2, 64))
    pictures[1, 5] = wrong
    assert_refused(lambda: FIGURE.draw_digit(lecture_net(), pictures), ValueError, ["examples", "0 to 1"])


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_one_dot_without_a_place_is_enough_to_refuse(wrong):
    places = PLACES[:40].copy()
    places[7, 1] = wrong
    assert_refused(lambda: example(places=places), ValueError, ["places", "finite", str(wrong)])


def test_paper_fills_the_rest_of_the_sheet_and_whole_numbers_stay_whole():
    figure = maps.picture_map(PLACES[:30], PICTURES[:30], {"a": np.arange(30), "b": np.arange(30) / 2})
    shown = np.asarray(sheet_of(figure).convert("L"))
    assert (shown[66:, 10 * 84 :] == 255).all(), "ten places are left"
    told = json.dumps(figure.props["colours"])
    assert told.startswith('[["a", [0, 1, 2, 3, ') and '["b", [0, 0.5, 1, 1.5, ' in told


def test_the_words_of_the_map_name_colours_and_groups():
    plain, both = example(), example(colours={"a": np.arange(40), "b": np.arange(40)}, groups=[k % 4 for k in range(40)], group="artist")
    assert "coloured by value." in plain.alt and "from other" not in plain.alt + plain.lesson[1]
    assert "coloured by a (or by b)." in both.alt and "from other artists" in both.alt and "from other artists" in both.lesson[1]


def test_the_words_of_the_map_pass_over_what_has_no_number():
    rows = COLOURS["ball's row"]
    lesson = maps.picture_map(PLACES, PICTURES, {"row": rows}).lesson[1]
    far = np.square(PLACES[:, None] - PLACES).sum(axis=-1)
    np.fill_diagonal(far, np.inf)
    gaps = np.abs(rows[:, None] - rows)
    np.fill_diagonal(gaps, np.nan)
    near = np.take_along_axis(gaps, far.argsort(axis=1)[:, :3], axis=1)
    expected = np.nanmean(near[~np.isnan(near).all(axis=1)], axis=1).mean(), np.nanmean(gaps)
    assert [float(part) for part in re.findall(r"by (\d+\.?\d*)", lesson)] == pytest.approx(expected, rel=0.02), lesson
    line = np.stack([np.arange(40.0), np.zeros(40)], axis=1)  # the two that have a number are far from each other
    lesson = example(places=line, colours={"v": [1.0, *[np.nan] * 38, 2.0]}).lesson[1]
    assert "hollow" in lesson and not re.search(r"\d", lesson)


# ---- how weights are packed


def test_a_vector_is_kept_with_twelve_bits():
    vector = np.random.default_rng(1).normal(size=200)
    [told] = packing.pack({"v": vector})["arrays"]
    assert told["step"] > 0 and np.rint(np.abs(vector).max() / told["step"]) == 2**11 - 1
    assert np.abs(packing.rounded({"v": vector})["v"] - vector).max() <= 0.501 * np.abs(vector).max() / (2**11 - 1)


@pytest.mark.parametrize("bits", [0, -3, 13, True, "6"])
def test_what_is_packed_and_what_is_rounded_take_the_same_bits(bits):
    for function in (packing.pack, packing.rounded):
        with pytest.raises(ValueError, match=f"bits must be from 1 to 12, got {bits!r}"):
            function({"matrix": np.eye(3)}, bits)


def test_arrays_in_place_of_one_value_are_refused_by_name():
    for wrong, named in (
        (lambda: interactives.sigmoid_ramp(np.array([1, 2])), "steepness must be a number"),
        (lambda: interactives.playground(np.array(["circle", "xor"])), "dataset must be one of"),
        (lambda: interactives.perceptron([[0, 1, np.array([1, 1])]]), r"dataset\[0\]\[2\], the label, must be 1 or -1"),
    ):
        with pytest.raises((TypeError, ValueError), match=named):
            wrong()


def test_vectors_take_no_bits_from_matrices():
    rng = np.random.default_rng(2)
    matrix, vector = rng.normal(size=(40, 30)), rng.normal(size=5000)
    alone, together = packing.rounded({"m": matrix}, 4), packing.rounded({"m": matrix, "v": vector}, 4)
    np.testing.assert_array_equal(alone["m"], together["m"])
    assert packing.pack({"m": matrix}, 4)["arrays"][0]["step"] > 0


def test_packed_bytes_come_in_fours():
    rng = np.random.default_rng(3)
    for size in range(3, 11):
        assert len(packing.pack({"m": rng.normal(size=(size, 3))}, 5)["data"]) % 5 == 0


# ---- the page


def test_data_that_json_does_not_know_is_refused_and_its_order_does_not_matter():
    with pytest.raises(ValueError, match="JSON compliant"):
        base.Interactive("perceptron", "One neuron.", [], x=float("nan")).html()
    pages = [base.Interactive("perceptron", "One neuron.", [], **props).html() for props in ({"a": 1, "b": 2}, {"b": 2, "a": 1})]
    assert pages[0] == pages[1]
