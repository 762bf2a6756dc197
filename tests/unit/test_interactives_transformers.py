"""The transformers in the page: packing, the JavaScript against TensorFlow and `tokenizers`, arguments, and the set-ups."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from course_utils import interactives
from course_utils.interactives import packing, transformers_export
from course_utils.networks.transformers.sizes import Config, first_weights, parameters
from tests.interactive_figures import FOLDER, assert_alone, assert_parses, assert_refused, in_node, needs_node
from tests.plain_encoder import encode_numpy

ALPHABET = "\0\n" + "".join(map(chr, range(32, 127)))
GPT = Config(len(ALPHABET), 128, 64, 3, 4, 256, segments=0, norm="pre", causal=True)
BERT = Config(3000, 64, 64, 2, 4, 256)
WORDS = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] the of a mean array axis along given return ##s is ##y shape ( ) , . : ##ing sum "
    "n _ ##e ##t x"
).split()


def vocabulary(size=0):
    return [*WORDS, *(f"piece{k}" for k in range(size - len(WORDS)))]


def weights_of(config, seed=0):
    """First weights, but larger and with biases, so that heads look somewhere and nothing is zero."""
    rng = np.random.default_rng(seed)
    drawn = first_weights(config, rng, () if config.causal else None)
    return {
        name: (array * 6 if array.ndim > 1 else array + rng.normal(0, 0.1, array.shape)).astype("float32")
        for name, array in drawn.items()
    }


def small(**options):
    """A small model of either kind."""
    options = {"segments": 0, "norm": "pre", "causal": True, **options}
    return Config(**{"vocabulary": 29, "length": 20, "width": 12, "layers": 2, "heads": 3, "inner": 16, **options})


# ---- packing


def arrays_like_a_network():
    rng = np.random.default_rng(3)
    return {
        "wide": rng.standard_t(4, (300, 40)), "flat": np.full((3, 2), 0.5), "zero": np.zeros((2, 2)),
        "vector": rng.normal(size=50), "nothing": np.zeros(3), "one": np.array([[2.5]]), "deep": rng.normal(0, 9, (2, 3, 4)),
    }  # fmt: skip


@needs_node
@pytest.mark.parametrize("bits", [1, 3.5, 6, 12])
def test_the_page_holds_exactly_what_python_says(bits):
    arrays, text = arrays_like_a_network(), "a ##b\n\u00e4\u4e2d\n" * 9
    packed = json.loads(json.dumps(packing.pack(arrays, bits, {"text": text, "more": "aaa"}), sort_keys=True))
    found = in_node(
        "packing.js",
        "(m, p) => { const { arrays, texts } = m.unpack(p); return [Object.fromEntries(Object.entries(arrays).map(([k, a]) => [k, [...a.data]])), texts]; }",
        packed,
    )
    assert found[1] == {"text": text, "more": "aaa"}
    for name, array in packing.rounded(arrays, bits).items():
        np.testing.assert_array_equal(np.array(found[0][name], "float32"), array.ravel(), err_msg=name)


def test_what_matters_is_rounded_more_finely():
    rng = np.random.default_rng(0)
    arrays = {"tables": rng.normal(size=(60, 50)), "layers": rng.normal(size=(300, 50))}

    def error(finer, name):
        return np.sqrt(np.mean((packing.rounded(arrays, 5, finer)[name] - arrays[name]) ** 2))

    assert error({"tables": 8}, "tables") < error(None, "tables") / 4 < error({"tables": 8}, "layers")
    sizes = [len(packing.pack(arrays, 5, finer=finer)["data"]) for finer in (None, {"tables": 8})]
    assert abs(sizes[0] - sizes[1]) < 0.02 * sizes[0], "the bits are the same on average"


def test_rounding_is_as_fine_as_the_bits_allow():
    matrix = np.random.default_rng(0).normal(size=(400, 100))
    errors = []
    for bits in (3, 4, 5, 6, 8):
        packed = packing.pack({"m": matrix}, bits)
        spent = len(packed["data"]) * 0.8 * 8 / matrix.size
        assert bits - 0.1 <= spent <= bits + 0.1, spent  # a Huffman code needs little more than the entropy
        errors.append(np.sqrt(np.mean((packing.rounded({"m": matrix}, bits)["m"] - matrix) ** 2)))
    assert errors[1] < 0.09 and all(1.8 < a / b < 2.2 for a, b in zip(errors, errors[1:4], strict=False))


def test_packed_characters_mean_nothing_to_a_page():
    data = packing.pack({"m": np.random.default_rng(0).normal(size=(300, 100))}, 8)["data"]
    assert not set("<>&$`{}\"\\\n") & set(data) and len(set(data)) == 85


@pytest.mark.parametrize(("counts", "lengths"), [([5], [1]), ([0, 3, 0], [0, 1, 0]), ([1, 1], [1, 1]), ([8, 1, 4, 2], [1, 3, 2, 3])])
def test_code_lengths(counts, lengths):
    assert packing.code_lengths(counts) == lengths


@pytest.mark.parametrize(
    ("call", "parts"),
    [
        (lambda: packing.pack({"m": np.ones((2, 2))}, 0), ["bits", "1 to 12", "0"]),
        (lambda: packing.pack({"m": np.ones((2, 2))}, True), ["bits", "True"]),
        (lambda: packing.pack({"m": np.full((2, 2), np.inf)}), ["arrays['m']", "finite"]),
        (lambda: packing.pack({"m": np.ones((0, 2))}), ["arrays['m']", "(0, 2)"]),
    ],
)
def test_packing_refuses(call, parts):
    assert_refused(call, ValueError, parts)


# ---- the JavaScript against TensorFlow

FORWARD = """(m, [network, rows, segments, places]) => { const net = m.loadTransformer(network);
  return rows.map((row, i) => { const state = m.extend(m.begin(net), row, segments[i]);
    return { hidden: [...state.hidden.slice(0, row.length * net.config.width)], looks: state.looks.map((r) => r.map((v) => [...v])), logits: places.map((t) => [...m.logitsAt(state, t)]) }; }); }"""


def compare(config, bits, n=3, places=(0, 2, 6)):
    """The largest difference between the page and TensorFlow, both with the packed weights: of vectors, looks and scores."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from course_utils.networks import transformers

    weights, rng = weights_of(config), np.random.default_rng(1)
    time = config.length - 3
    ids = rng.integers(0, config.vocabulary, (n, time))
    segments = np.broadcast_to(np.arange(time) > 4, (n, time)).astype(int)
    network = transformers_export.export_transformer(weights, config, bits=bits)
    found = in_node("transformer.js", FORWARD, [network, ids.tolist(), segments.tolist(), places])
    packed = {**weights, **transformers_export.packed_weights(weights, config, bits=bits)}
    hidden, looks = transformers.encode(packed, ids, segments if config.segments else None, config=config, return_attention=True)
    if config.causal:
        logits = transformers.logits(packed, hidden).numpy()[:, list(places)]
    else:
        logits = transformers.masked_logits(
            packed, hidden, np.tile(places, (n, 1)), activation=config.activation, epsilon=config.epsilon
        ).numpy()
    worst = 0.0
    for k, one in enumerate(found):
        seen = np.zeros((config.layers * config.heads, time, time))
        for head, rows in enumerate(one["looks"]):
            for t, row in enumerate(rows):
                seen[head, t, : len(row)] = row
        for mine, theirs in (
            (np.array(one["hidden"]).reshape(time, -1), hidden[k]), (seen.reshape(looks[:, k].shape), looks[:, k]), (one["logits"], logits[k]),
        ):  # fmt: skip
            worst = max(worst, float(np.abs(np.array(mine) - np.array(theirs)).max()))
    return worst


@needs_node
@pytest.mark.parametrize(("config", "bits"), [(GPT, 6), (BERT, 3.5)], ids=["gpt", "bert"])
def test_vectors_looks_and_scores_equal_tensorflow_at_full_size(config, bits):
    worst = compare(config, bits)
    print(f"{worst:.1e}")
    assert worst <= 1e-4


@needs_node
@pytest.mark.parametrize(
    "change",
    [
        {}, {"norm": "post"}, {"activation": "gelu_tanh", "epsilon": 1e-5}, {"causal": False, "segments": 2},
        {"causal": False, "norm": "post", "activation": "gelu_tanh", "width": 15, "inner": 7},
    ],
    ids=str,
)  # fmt: skip
def test_any_kind_equals_tensorflow(change):
    assert compare(small(**change), 9) <= 1e-4


OFF = """(m, [network, ids, head]) => { const net = m.loadTransformer(network), steps = m.begin(net, [head]);
  for (const id of ids) m.extend(steps, [id]);
  return [...steps.hidden.slice(0, ids.length * net.config.width)]; }"""


@needs_node
def test_a_head_that_is_off_and_one_character_at_a_time():
    config, head = small(), 4  # layer 2, head 2
    weights = weights_of(config)
    ids = np.random.default_rng(0).integers(0, 29, 17)
    found = in_node("transformer.js", OFF, [transformers_export.export_transformer(weights, config), ids.tolist(), head])
    packed = transformers_export.packed_weights(weights, config)
    packed["layer1.mixed"][4:8] = 0
    hidden, _ = encode_numpy(packed, ids[None], config=config)
    np.testing.assert_allclose(np.array(found).reshape(17, -1), hidden[0], atol=1e-4)


# ---- WordPiece

LETTERS = list("abzAZ09 .,()[]_-'\"éßİ数\t\n\u0301\u200d\u00ad#`$^中ﬀ")
ODD = [
    "", "  ", "Héllo Wörld ÀÉ naïve", "İstanbul ẞ ﬁ ΑΣ ς", "数学 and 日本語mix", "a\x00b\x07c\u200bd\ufeffe\u00a0f\u2003g",
    "$x^2$ `a`|~<b>=c+d", "it’s “quoted” — dash…", "e\u0301 combining a\u0308\u0323", "x" * 100, "x" * 101, "the [MASK] of the [SEP] array[MASK].",
    "[mask] [MASK", "𝒜 𝟙 😀 emoji", "tab\tnew\nline\r\nend\x0bvt\x0cff", "한국어 조합", "ǅ Ǆ ŉ ß", "½ ² ³ ①", "\u0345\u037e\u2126", "¿Qué? ¡Sí!",
    "1,000.5e-3", "__init__(self,*args)", "１２３ ｆｕｌｌ",
]  # fmt: skip


@needs_node
def test_pieces_equal_those_of_tokenizers():
    text = pytest.importorskip("course_utils.text")
    from course_utils import datasets

    found = datasets.load_docstrings()
    tokenizer = text.train_wordpiece([one.text for one in found.train[:1500]], size=1500)
    pieces = [piece for piece, _ in sorted(tokenizer.get_vocab().items(), key=lambda pair: pair[1])]
    rng = np.random.default_rng(0)
    texts = [found.test[k].text[:300] for k in rng.choice(len(found.test), 380, replace=False)] + ODD
    texts += ["".join(rng.choice(LETTERS, rng.integers(1, 40))) for _ in range(120)]
    assert len(texts) >= 500
    tokenizer.no_truncation()
    tokenizer.no_padding()
    expected = [tokenizer.encode(one, add_special_tokens=False).ids for one in texts]
    got = in_node(
        "wordpiece.js",
        "(m, [pieces, texts]) => { const t = m.loadPieces(pieces); return texts.map((x) => m.piecesOf(t, x).map((p) => p.id)); }",
        [pieces, texts],
    )
    different = [(one, a, b) for one, a, b in zip(texts, expected, got, strict=True) if a != b]
    assert not different, different[:2]


# ---- the outputs


def heads_figure(**options):
    return interactives.attention_heads(weights_of(GPT), GPT, ALPHABET, **options)


def words_figure(**options):
    return interactives.masked_words(weights_of(BERT), BERT, vocabulary(3000), **options)


MAKERS = {"attention_heads": (heads_figure, 190_000), "masked_words": (words_figure, 225_000)}


@pytest.mark.parametrize("name", MAKERS)
def test_output_is_small_repeatable_and_alone(name):
    make, most = MAKERS[name]
    assert_alone(make, most)
    size = len(make().html()) - len(json.dumps(make().props["network"]))
    assert size <= 45_000, f"{size} bytes without weights"


@needs_node
@pytest.mark.parametrize("name", MAKERS)
def test_the_joined_script_parses(name, tmp_path):
    assert_parses(name, tmp_path)


def test_only_what_the_page_needs_is_packed():
    names = [entry["name"] for entry in words_figure().props["network"]["packed"]["arrays"]]
    assert "masked" in names and not [name for name in names if name.startswith(("pooler", "next"))]
    count = sum(np.prod(entry["shape"]) for entry in heads_figure().props["network"]["packed"]["arrays"])
    assert count == parameters(GPT)


# ---- the set-ups, with the weights that the lectures show


def trained(name):
    from course_utils import checkpoints

    try:
        checkpoint = checkpoints.load(name)
    except checkpoints.CheckpointError:
        pytest.skip(f"no checkpoint {name} yet")
    return checkpoint.weights, Config(**checkpoint.record["config"]), checkpoint.record


SET_UPS = """(m, props) => { const net = Object.assign(m.loadTransformer(props.network), { alphabet: [...props.alphabet] }), start = net.alphabet[0] === "\\0" ? 1 : 0;
  return Object.fromEntries(Object.entries(m.TRIES).map(([name, [text, , how]]) => {
    const state = m.extend(m.begin(net), m.readText(text, net.alphabet, net.config.length).ids), set = how(state, start), place = Math.min(set.place ?? Infinity, state.ids.length - 1), row = state.looks[set.head ?? 0][place];
    const order = m.sharpened(m.logitsAt(state, place), 1).map((p, k) => [p, net.alphabet[k]]).sort((a, b) => b[0] - a[0]);
    if (set.write) while (state.ids.length < net.config.length) { const id = m.nextId(state, set.temperature, set.top, 1); if (!id) break; m.extend(state, [id]); }
    return [name, { ...set, looks: [...row], next: order.slice(0, 3).map(([, c]) => c).join(""), text: state.ids.slice(start).map((k) => net.alphabet[k]).join(""), bits: m.bitsPerCharacter(m.bitsOf(state)) }];
  })); }"""


def everything_in(figure, tmp_path):
    """A module with what a figure and the modules beneath it export, for Node."""
    path = tmp_path / f"{figure}.mjs"
    files = (FOLDER / f"{name}.js" for name in ("transformer", "wordpiece", "character_reading", "masked_sentence", figure))
    path.write_text("".join(f'export * from "{file.as_uri()}";\n' for file in files), encoding="utf-8")
    return path


@needs_node
def test_set_ups_of_the_heads_do_what_their_names_say(tmp_path):
    weights, config, record = trained("gpt_docstrings")
    props = interactives.attention_heads(weights, config, record["alphabet"]).props
    found = in_node(everything_in("attention_heads", tmp_path), SET_UPS, props)
    print({name: (one.get("head"), max(one["looks"]), one["next"], round(one["bits"], 2)) for name, one in found.items()})
    assert sum(found["Near"]["looks"][-4:]) > 0.8 and found["Near"]["head"] < config.heads
    looks, text = found["Word start"]["looks"], "\0" + found["Word start"]["text"]
    assert sum(a for a, c in zip(looks, text, strict=False) if c == " ") > 0.5
    looks, text = found["Bracket"]["looks"], "\0" + found["Bracket"]["text"]
    assert looks[text.index("(")] == max(looks) > 0.4 and ")" in found["Bracket"]["next"]
    assert found["Cold"]["bits"] < 1.5 and found["Hot"]["bits"] > 2 * found["Cold"]["bits"]


GAPS = """(m, props) => { const net = m.loadTransformer(props.network), t = m.loadPieces(net.texts.pieces.split("\\n"));
  const judge = (marked) => { const { text, spans } = m.readBraces(marked), pieces = m.piecesOf(t, text), hidden = m.within(pieces, spans), one = m.inputsOf(pieces, text, hidden, t.places, net.config.length), state = m.extend(m.begin(net), one.ids, one.segments);
    const found = hidden.map((k) => { const ranked = m.guessesAt(state, one.at[k]); return { guess: t.pieces[ranked[0][1]], chance: ranked[0][0], right: ranked[0][1] === pieces[k].id }; });
    return { marked, gaps: found.length, ...found[0] }; };
  return Object.fromEntries(Object.entries(m.TRIES).map(([name, set]) => [name, judge(m.chosenOf(set, (marked) => { const one = judge(marked); return one.gaps === 1 ? one : null; }))])); }"""


@needs_node
def test_set_ups_of_the_gaps_do_what_their_names_say(tmp_path):
    weights, config, record = trained("bert_docstrings_small")
    props = interactives.masked_words(weights, config, record["vocabulary"]).props
    found = in_node(everything_in("masked_words", tmp_path), GAPS, props)
    print(found)
    assert found["Small word"]["right"] and found["Small word"]["chance"] > 0.5
    assert found["Phrase"]["right"] and found["Phrase"]["chance"] > 0.3
    assert found["Two gaps"]["gaps"] == 2
    assert not found["Sure and wrong"]["right"] and found["Sure and wrong"]["chance"] > 0.2


# ---- arguments


def changed(weights, **change):
    return {name: array for name, array in (weights | change).items() if array is not None}


def heads(weights=None, config=None, alphabet="abcdefghijklmnopqrstuvwxyz .,", text="a cab", **options):
    config = small() if config is None else config
    return interactives.attention_heads(weights_of(small()) if weights is None else weights, config, alphabet, text=text, **options)


def words(weights=None, config=None, pieces=None, text="the {mean} of", **options):
    config = small(causal=False, norm="post", segments=2, vocabulary=len(WORDS)) if config is None else config
    weights = {} if weights is None and not isinstance(config, Config) else weights_of(config) if weights is None else weights
    return interactives.masked_words(weights, config, vocabulary() if pieces is None else pieces, text=text, **options)


def test_what_python_gives_is_kept():
    props = heads(layer=np.int64(2), head=3, temperature=0.5).props
    assert (props["layer"], props["head"], props["temperature"], props["text"]) == (1, 2, 0.5, "a cab")
    assert props["network"]["config"]["width"] == 12
    assert words().props["text"] == "the {mean} of"


TOO_MANY = Config(5001, 64, 80, 1, 4, 8)


@pytest.mark.parametrize(
    ("call", "error", "parts"),
    [
        (lambda: heads([1]), TypeError, ["weights", "list"]),
        (lambda: heads(config={"width": 3}), TypeError, ["config", "Config", "dict"]),
        (lambda: heads(changed(weights_of(small()), tokens=None)), ValueError, ["'tokens'"]),
        (lambda: heads(changed(weights_of(small()), tokens=np.zeros((29, 3)))), ValueError, ["weights['tokens']", "(29, 12)", "(29, 3)"]),
        (lambda: heads(changed(weights_of(small()), positions=np.full((20, 12), np.nan))), ValueError, ["weights['positions']", "finite"]),
        (lambda: heads(weights_of(TOO_MANY), TOO_MANY), ValueError, ["at most 400,000", "got"]),
        (lambda: heads(weights_of(c := small(causal=False)), c), ValueError, ["config", "causal"]),
        (lambda: heads(alphabet="abc"), ValueError, ["alphabet", "29 different", "3"]),
        (lambda: heads(alphabet=list("abc")), TypeError, ["alphabet", "list"]),
        (lambda: heads(text="ABBA"), ValueError, ["text", "alphabet", "'A', 'B'"]),
        (lambda: heads(text=""), ValueError, ["text", "1 to 20", "0"]),
        (lambda: heads(text="a" * 21), ValueError, ["text", "1 to 20", "21"]),
        (lambda: heads(text=3), TypeError, ["text", "int"]),
        (lambda: heads(layer=3), ValueError, ["layer", "1 to 2", "3"]),
        (lambda: heads(head=0), ValueError, ["head", "1 to 3", "0"]),
        (lambda: heads(temperature=2.5), ValueError, ["temperature", "0 to 2", "2.5"]),
        (lambda: heads(bits=13), ValueError, ["bits", "1 to 12", "13"]),
        (lambda: words(config=small(), weights=weights_of(small())), ValueError, ["vocabulary", "29"]),
        (lambda: words(config=(c := small(vocabulary=len(WORDS))), weights=weights_of(c)), ValueError, ["config", "not be causal"]),
        (lambda: words(pieces="the"), TypeError, ["vocabulary", "str"]),
        (lambda: words(pieces=[*WORDS[:-1], "the"]), ValueError, ["vocabulary", "different"]),
        (lambda: words(pieces=[*WORDS[:-1], "a b\n"]), ValueError, ["vocabulary", "space"]),
        (lambda: words(pieces=["[pad]", *WORDS[1:]]), ValueError, ["vocabulary", "missing [PAD]"]),
        (lambda: words(text="x" * 241), ValueError, ["text", "1 to 240", "241"]),
        (lambda: words(config=3), TypeError, ["config", "int"]),
    ],
)
def test_errors_name_argument_given_and_allowed(call, error, parts):
    assert_refused(call, error, parts)
