"""The figures of lectures 13 and 14 in Chromium: mouse, touch, keyboard, links, colours and layouts.

Needs no built book: the figures' own output is put on a page of a few lines. Their weights are drawn at random.
"""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.interactives import transformers_export
from tests.browser.figure_page import (
    Figure,
    as_on_a_slide,
    assert_comes_back_from_hiding,
    assert_fits_a_phone,
    assert_follows_the_scheme,
    assert_never_too_wide,
    focus_stops,
    go_dark,
    leaked,
    listen,
)
from tests.plain_encoder import encode_numpy
from tests.unit import test_interactives_transformers as reference

SENTENCE = "the mean of a mean array"


def every():
    return {"attention_heads": reference.heads_figure(), "masked_words": reference.words_figure(text="the {mean} of a mean array")}


NAMES = ["attention_heads", "masked_words"]


@pytest.fixture(scope="module")
def made():
    """Packing takes a second: once for all tests."""
    return every()


@pytest.fixture
def heads(show, made):
    return Figure(show(made["attention_heads"], still=True, height=1200))


@pytest.fixture
def gaps(show, made):
    return Figure(show(made["masked_words"], still=True, height=1100))


def type_in(figure, text):
    figure.root.get_by_role("textbox").first.fill(text)


def text_of(figure):
    return figure.root.get_by_role("textbox").first.input_value()


def label(figure, selector):
    return figure.root.locator(selector).get_attribute("aria-label")


@pytest.mark.parametrize("name", NAMES)
def test_chromium_computes_the_same_numbers(module_page, name):
    config = {"attention_heads": reference.GPT, "masked_words": reference.BERT}[name]
    weights = reference.weights_of(config)
    ids = np.random.default_rng(0).integers(5, config.vocabulary, 40)
    network = transformers_export.export_transformer(weights, config)
    found = module_page.evaluate(
        """async ([network, ids]) => { const m = await import("/course_utils/interactives/transformer.js"), net = m.loadTransformer(network);
          return [...m.extend(m.begin(net), ids).hidden.slice(0, ids.length * net.config.width)]; }""",
        [network, ids.tolist()],
    )
    packed = {**weights, **transformers_export.packed_weights(weights, config)}
    hidden, _ = encode_numpy(packed, ids[None], config=config)
    assert np.abs(np.array(found).reshape(hidden[0].shape) - hidden[0]).max() <= 1e-4


# ---- heads


def test_what_is_typed_is_read(heads):
    before = heads.pixels()
    assert heads.status.startswith("From “.” (character 60), layer 1, head 1 puts ")
    type_in(heads, "The arrayé")
    assert heads.status.startswith("It has no sign for é and leaves it out. From “y” (character 9)")
    assert heads.pixels() != before and float(heads.fact("Bits per character")) > 1
    type_in(heads, "")
    assert "From “▷”" in heads.status and heads.fact("Bits per character") == "–"


def test_keys_and_mouse_choose_a_character(heads):
    seen = {heads.pixels()}
    heads.press(".dlm-strip", "ArrowLeft")
    assert "From “s” (character 59)" in heads.status and "Next came “.”, to which it gave" in heads.status
    seen.add(heads.pixels())
    heads.press(".dlm-strip", "Home", "ArrowRight", "ArrowRight")
    assert "From “e” (character 2)" in heads.status
    seen.add(heads.pixels())
    heads.press(".dlm-strip", "ArrowDown", "ArrowUp", "End")
    assert "(character 60)" in heads.status
    heads.page.mouse.click(*heads.spot(".dlm-strip", 0.012, 0.2))
    assert "From “▷”" in heads.status
    heads.page.mouse.click(*heads.spot(".dlm-map", 0.3, 0.5))
    assert "(character 30)" in heads.status
    assert len(seen) == 3


def test_keys_and_mouse_choose_a_head_and_switch_it_off(heads):
    bits = heads.fact("Bits per character")
    heads.press(".dlm-heads", "ArrowRight", "ArrowDown")
    assert "layer 2, head 2 puts" in heads.status and "Chosen: layer 2, head 2." in label(heads, ".dlm-heads")
    on = heads.pixels()
    heads.press(".dlm-heads", "x")
    assert heads.fact("Bits per character").endswith(f", was {bits}") and heads.button("Switch on").is_visible()
    assert heads.pixels() != on
    heads.button("Switch on").click()
    assert heads.fact("Bits per character") == bits and heads.pixels() == on and heads.button("All on").is_disabled()
    heads.button("Switch off").click()
    heads.button("All on").click()
    assert heads.fact("Bits per character") == bits
    heads.page.mouse.click(*heads.spot(".dlm-heads", 0.9, 0.9))
    assert "layer 3, head 4 puts" in heads.status


def test_each_head_is_switched_off_in_turn(heads):
    before = heads.pixels()
    heads.button("Which matters?").click()
    heads.until("Switched off alone, layer")
    assert heads.pixels() != before and "bits per character" in heads.status
    type_in(heads, SENTENCE)
    assert "Switched off" not in heads.status


def test_temperature_and_top_change_the_bars(heads):
    def bars():
        return heads.root.locator(".dlm-bars b").all_inner_texts()

    usual = bars()
    heads.slider("Temperature").fill("0.2")
    assert bars() != usual
    heads.slider("Temperature").fill("0")
    assert bars() == ["100 %", *["0 %"] * 5]
    heads.slider("Temperature").fill("1")
    heads.slider("Only the top").fill("1")
    assert bars()[2:] == ["0 %"] * 4 and bars()[1] != "0 %"
    assert heads.root.locator(".dlm-slider b").last.inner_text() == "2"


def test_it_writes_on_and_anew_and_the_same_for_all(heads):
    type_in(heads, SENTENCE)
    heads.button("One more").click()
    one = text_of(heads)
    assert len(one) == len(SENTENCE) + 1 and one.startswith(SENTENCE)
    heads.button("Write on").click()
    first = text_of(heads)
    assert first.startswith(one) and (len(first) == 127 or "end the text" in heads.status)
    heads.button("Write anew").click()
    assert text_of(heads).startswith(SENTENCE) and text_of(heads) != first
    heads.button("Reset").click()
    type_in(heads, SENTENCE)
    heads.button("Write on").click()
    assert text_of(heads) == first
    if len(first) == 127:
        heads.button("Write on").click()
        assert heads.status.startswith("It reads 127 characters at most")


def test_writing_moves_on_by_itself_and_stops(show, made):
    figure = Figure(show(made["attention_heads"], height=1200))
    type_in(figure, "a")
    figure.slider("Only the top").fill("3")
    figure.button("Write on").click()
    figure.page.wait_for_function("document.querySelector('.dlm-say textarea').value.length > 5")
    figure.button("Stop").click()
    length = len(text_of(figure))
    figure.page.wait_for_timeout(200)
    assert len(text_of(figure)) == length and figure.button("Write on").is_visible()


def test_try_this_of_the_heads(heads):
    seen = set()
    for name in ("Near", "Word start", "Bracket", "New word", "Cold", "Hot"):
        heads.button(name).click()
        assert "Guess" in heads.question
        seen.add(heads.pixels())
    assert len(seen) == 6


def test_a_link_brings_back_text_head_and_character(show, made, heads):
    type_in(heads, "a mean\nof it")
    heads.press(".dlm-heads", "ArrowDown", "x", "ArrowRight")
    heads.press(".dlm-strip", "ArrowLeft")
    heads.slider("Temperature").fill("0.45")
    pixels, said = heads.pixels(), heads.status
    again = Figure(show(made["attention_heads"], still=True, height=1200, suffix=heads.copied()))
    assert again.pixels() == pixels and again.status == said and text_of(again) == "a mean\nof it"
    bad = Figure(show(made["attention_heads"], still=True, suffix="#dlm=attention_heads.0:((99,0,1,0,0),(),())"))
    assert text_of(bad).startswith("Returns the mean")


def test_heads_follow_each_key(heads):
    slow = heads.page.evaluate("""async () => { const e = document.querySelector('.dlm-say textarea'), times = [];
      for (let i = 0; i < 16; i++) { const t = performance.now(); e.value = e.value.slice(0, 50) + 'abcdefghijklmnopq'.slice(0, i); e.dispatchEvent(new Event('input')); await new Promise(requestAnimationFrame); await new Promise((f) => setTimeout(f)); times.push(performance.now() - t); }
      return times.sort((a, b) => a - b)[8]; }""")
    print(f"{slow:.0f} ms from a key to the new maps")
    assert slow < 400


# ---- masked words


def chips(figure):
    return figure.root.locator(".dlm-chip")


def test_a_tap_hides_a_piece_and_another_one_shows_it(gaps):
    assert chips(gaps).all_inner_texts() == ["the", "[MASK]", "of", "a", "mean", "array"]
    assert gaps.fact("Was there") == "mean" and " of 3,000" in gaps.fact("Its rank")
    before = gaps.pixels()
    chips(gaps).nth(4).click()
    assert chips(gaps).all_inner_texts()[4] == "[MASK]" and "2 pieces are hidden; each gap is filled on its own." in gaps.status
    assert gaps.pixels() != before
    chips(gaps).nth(1).click()  # chooses the first gap
    assert chips(gaps).nth(1).get_attribute("data-slot") is not None
    chips(gaps).nth(1).click()  # and shows it again
    assert chips(gaps).all_inner_texts()[1] == "mean"
    gaps.button("Show all").click()
    assert gaps.status.startswith("Nothing is hidden") and gaps.root.locator(".dlm-guess").count() == 0
    assert gaps.fact("Its rank") == "–"


def test_a_guess_that_is_tapped_is_put_in(gaps):
    guess = gaps.root.locator(".dlm-guess").nth(2)
    piece = guess.locator("span").inner_text()
    guess.click()
    assert f"“{piece}” is put in. Nothing is hidden" in gaps.status
    assert piece.removeprefix("##") in text_of(gaps)


def test_keys_walk_along_the_pieces(gaps):
    listen(gaps.page)
    chips(gaps).first.focus()
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        gaps.page.keyboard.press(key)
    assert chips(gaps).all_inner_texts()[2] == "[MASK]"
    assert gaps.page.evaluate("document.activeElement.textContent") == "[MASK]", "the focus stays"
    gaps.page.keyboard.press("End")
    gaps.page.keyboard.press(" ")
    assert chips(gaps).all_inner_texts()[5] == "[MASK]" and leaked(gaps.page) == []


def test_what_is_typed_keeps_the_gaps(gaps):
    type_in(gaps, "of the mean of a mean array")
    assert chips(gaps).all_inner_texts()[2] == "[MASK]"
    type_in(gaps, "the [MASK] of. a Mean")
    assert chips(gaps).all_inner_texts() == ["the", "[MASK]", "of", ".", "a", "mean"]
    type_in(gaps, "")
    assert gaps.status == "Type a sentence."
    type_in(gaps, "a," * 50)
    assert gaps.status.startswith("It reads 62 pieces at most; the rest is left out.") and chips(gaps).count() == 62


def test_keys_and_mouse_choose_a_row(gaps):
    before = gaps.pixels()
    gaps.press(".dlm-from", "ArrowDown", "ArrowDown")
    assert "Chosen: layer 1, head 3" in label(gaps, ".dlm-from") and gaps.pixels() != before
    gaps.page.mouse.click(*gaps.spot(".dlm-from", 0.3, 0.97))
    assert "Chosen: layer 2, head 4" in label(gaps, ".dlm-from")
    gaps.page.mouse.click(*gaps.spot(".dlm-from", 0.08, 0.12))  # a name in the row of names, [CLS]: nothing
    assert chips(gaps).all_inner_texts().count("[MASK]") == 1


def test_each_piece_is_hidden_in_turn(gaps):
    gaps.button("Each in turn").click()
    gaps.until("Hidden one at a time, it gets ")
    assert " of 6 right" in gaps.status
    assert gaps.root.locator(".dlm-chip[data-hit]").count() == 6


def test_try_this_of_the_gaps(gaps):
    seen = set()
    for button in gaps.root.locator(".dlm-row").first.get_by_role("button").all():
        button.click()
        assert "Guess" in gaps.question or "guesses" in gaps.question
        seen.add(text_of(gaps))
    assert len(seen) >= 5


def test_a_link_brings_back_sentence_and_gaps(show, made, gaps):
    type_in(gaps, "a mean of the café array")
    chips(gaps).nth(0).click()
    gaps.press(".dlm-from", "ArrowDown")
    pixels, said = gaps.pixels(), gaps.status
    again = Figure(show(made["masked_words"], still=True, height=1100, suffix=gaps.copied()))
    assert again.pixels() == pixels and again.status == said
    bad = Figure(show(made["masked_words"], still=True, suffix="#dlm=masked_words.0:((99,0),(),())"))
    assert text_of(bad) == SENTENCE


# ---- both


@pytest.mark.parametrize("name", NAMES)
def test_on_a_slide_two_columns_fit(show, made, name):
    page = show(made[name], main="deck-part-live", still=True, width=1300)
    as_on_a_slide(page)
    figure = Figure(page)
    figure.pixels()
    width, height = figure.root.evaluate("e => [e.offsetWidth, e.offsetHeight]")
    assert width == 1150 and height <= 625, (width, height)


def test_no_key_leaks_and_focus_is_seen(show, made):
    assert focus_stops(show(*made.values(), still=True)) > 25


@pytest.mark.parametrize("name", NAMES)
def test_no_accessibility_fault(show, axe_faults, made, name):
    page = show(made[name], still=True)
    page.locator(".dlm summary").first.click()
    assert axe_faults(page) == []
    go_dark(page)
    assert axe_faults(page) == []


def test_phone(show, made):
    assert_fits_a_phone(show(*made.values(), phone=True))


@pytest.mark.parametrize("name", NAMES)
def test_dark_and_light_follow_the_page(show, made, name):
    figure = Figure(show(made[name], still=True))
    assert_follows_the_scheme(figure)


def test_never_too_wide_and_hidden_at_first(show, made):
    page = show(*made.values(), still=True)
    assert_never_too_wide(page)
    assert_comes_back_from_hiding(page)


@pytest.mark.parametrize("name", NAMES)
def test_in_a_deck_the_clicker_turns_the_slide(show, made, name):
    figure = Figure(show(made[name], main="reveal", still=True))
    before = figure.pixels()
    listen(figure.page)
    figure.press("canvas[tabindex]", {"attention_heads": "ArrowLeft"}.get(name, "ArrowDown"), "PageDown")
    assert leaked(figure.page) == ["PageDown"] and figure.pixels() != before


LESSONS = {
    "attention_heads": ("A head is a soft look-up", "Switch a head off"),
    "masked_words": ("BERT learns from gaps", "hardly mind a not"),
}


def test_without_javascript_the_lesson_is_read(chromium, write_page, made):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(write_page(list(made.values())))
    text = page.locator("main").inner_text()
    context.close()
    for words in LESSONS.values():
        assert all(part in text for part in words)
