"""How values, bounds and failures of claims are written."""

import html
import math

from course_utils import reproducibility

_SIGNS = {"at_least": "≥", "at_most": "≤", "above": ">", "below": "<", "equals": "="}


def write_number(value, digits=4):
    """Write a whole number exactly, another one with so many significant digits."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    return f"{value + 0.0:.{digits}g}"


def compare(value, bounds, tolerance, unit):
    """Write value and bounds as one chain, with digits enough to tell them apart."""
    if isinstance(value, bool):
        return write_number(value)
    for digits in range(4, 18):
        shown = write_number(value, digits)
        sides = {key: write_number(bound, digits) for key, bound in bounds.items()}
        if all(side != shown or bounds[key] == value for key, side in sides.items()):
            break
    text = shown
    for key, side in sides.items():
        if key in ("at_least", "above") and len(sides) == 2:
            text = f"{side} {'≤' if key == 'at_least' else '<'} {text}"
        else:
            text = f"{text} {_SIGNS[key]} {side}"
    if tolerance:
        text += f" ± {write_number(tolerance)}"
    return f"{text} {unit}".strip()


def compare_record(record):
    """Write value and bounds of a stored claim; the same text stands in the notebook, the book and the deck."""
    bounds = {key: bound for key, bound in record["bounds"].items() if key != "tolerance"}
    value = math.nan if record["value"] is None else record["value"]
    return compare(value, bounds, record["bounds"].get("tolerance", 0.0), record["unit"])


def complain(name, value, bounds, tolerance, margin, unit, says):
    """Write what a false claim measured, what it claimed and by how much it failed."""
    comparison = compare(value, bounds, tolerance, unit)
    asked = ", ".join(f"{key} {write_number(bound, 8)}" for key, bound in bounds.items())
    asked += f" (tolerance {write_number(tolerance)})" if tolerance else ""
    missed = (
        ""
        if math.isnan(margin) or isinstance(value, bool)
        else f", missed by {write_number(-margin)} {unit}".rstrip()
    )
    return (
        f"{name} is false: measured {write_number(value, 8)}, claimed {asked}{missed}.\n"
        f"Claim: {says.strip()}\nNot true: {comparison} (COURSE_SEED={reproducibility.course_seed()})"
    )


def box(record):
    """Draw a stored claim as a quiet box for a page: a tick, the sentence, value and bound, name.

    Parameters
    ----------
    record : dict
        What `collect` gives for a claim.

    Returns
    -------
    str
        One ``div`` of the class ``dlm-claim``; the page's style sheet does the rest.
    """
    comparison = compare_record(record)
    return (
        f'<div class="dlm-claim" data-claim="{html.escape(record["name"])}">'
        f'<span class="dlm-claim-mark" aria-hidden="true">✓</span> '
        f'<span class="dlm-claim-says">{html.escape(record["says"])}</span> '
        f'<span class="dlm-claim-measured">Measured: {html.escape(comparison)}</span> '
        f'<code class="dlm-claim-name">{html.escape(record["name"])}</code></div>'
    )
