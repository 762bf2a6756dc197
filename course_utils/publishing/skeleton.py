"""Start a lecture: its text, its checks, its tests, its place in the topics and its budget."""

import argparse
import re

from course_utils.publishing import files, notebooks
from course_utils.publishing.project import LECTURE_NAME, Problem, Project, field_of

SECONDS = 60  # budget of a new lecture

TWIN = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

+++ {"slideshow": {"slide_type": "slide"}}

# TITLE: which question?

*MINUTES to read, SECONDS to run. Builds on: LECTURES. You need: WHAT.*

<!-- notes: What is the one thing the class should remember of this hour? -->

+++

After this lecture you can

1. do this;
2. explain that;
3. measure something.

```{code-cell} ipython3
:tags: [colab-setup]

COLAB
```

```{code-cell} ipython3
:tags: [hide-input]

import matplotlib.pyplot as plt
import numpy as np

from course_utils import checks, claims, figures, reproducibility

figures.use_style()
reproducibility.set_seeds()
rng = reproducibility.rng()
reproducibility.versions("numpy", "matplotlib")
```
SECTIONS
+++ {"slideshow": {"slide_type": "slide"}}

## Where it breaks

- One case in which this fails
- The reason

<!-- notes: Let the class predict the failure before you show it. -->

+++ {"slideshow": {"slide_type": "slide"}}

## Summary

- At most seven lines

<!-- notes: Ask for the sentence that surprised most. -->

+++

## Symbols

| symbol | meaning | shape in code | name in code |
|---|---|---|---|
| $\\mathbf x$ | one input | `(d,)` | `x` |

+++

## Exercises

Replace the dots and run the cell: it answers at once. Untouched, it waits. Each solution passes the same check.

+++

### Exercise NUMBER.1: a first one (5 minutes)

How many corners has a square?

```{code-cell} ipython3
:tags: [exercise]

num_corners = ...                                 # one number
checks.check("NUMBER.1", num_corners)
```

<details><summary>Solution NUMBER.1</summary>

Walk round it and count.

</details>

```{code-cell} ipython3
:tags: [solution]

checks.check("NUMBER.1", 4)
```

+++

## References

1. A. Author. Title. *Journal* volume, year. What to read it for.
"""

SECTION = """
+++ {"slideshow": {"slide_type": "slide"}}

## HEADING

- A question, and a guess

<!-- notes: What do you ask the class before the next cell runs? -->

+++

Say what the reader will see, then run the smallest example.

```{code-cell} ipython3
measured = 1 + 1
claims.report(NAME=measured)
claims.check("FIELD.NAME", measured, equals=2, says="One sentence that this run has measured.")
```

Say what **2**<!-- =NAME --> means.
"""

CHECKS = '''\
"""Checks of the exercises of lecture NN, TITLE.

Each tests a property that a right answer has, and gives no answer away.
"""

from course_utils.checks import register


@register("NUMBER.1", hint="Draw it, then count again.")
def corners(count):
    """As many corners as sides."""
    return count == 4
'''

TESTS = '''\
"""Lecture NN, TITLE: what readers see, against references that were not written here."""

from tests.exercise_answers import ExerciseAnswers


def test_the_lecture_gives_its_functions(lecture):
    assert lecture("LECTURE").functions() is not None


class TestAnswers(ExerciseAnswers):
    lecture = "NUMBER"
    right = {"NUMBER.1": [(2 + 2,)]}
    wrong = {"NUMBER.1": [((3,), "count again"), ((5,), "count again"), (("four",), "count again")]}
'''

TOPICS = """
  - name: LECTURE
    title: TITLE
    about: what this lecture is about, in one line
    topics:
      - {topic: "The first topic", from: "+", section: "planned"}
"""


def plan(project, name):
    """Say which files a new lecture adds or extends, without writing any.

    Parameters
    ----------
    project : Project
    name : str
        Number and field, for example ``"02_backprop"``.

    Returns
    -------
    new : dict of Path to str
        Files that don't exist yet.
    longer : dict of Path to str
        Files that get longer, with their whole new text.

    Raises
    ------
    Problem
        If the name has another form or is taken.
    """
    if not LECTURE_NAME.fullmatch(name or ""):
        raise Problem(f"NAME must be two digits and a field in lower case, such as 02_backprop; got {name!r}")
    field, number = field_of(name), int(name[:2])
    if number == 0:
        raise Problem("NAME must start with a number from 01; got 00")
    topics_path, budget_path = project.root / "book/topics.yml", project.root / "tests/notebooks/budgets.toml"
    topics, budget = _text(topics_path), _text(budget_path)
    known = re.findall(r"^ *- name: (\S+)", topics, re.M)
    for other in [*project.lectures(), *known]:
        if other != name and other[:2] == name[:2]:
            raise Problem(f"number {name[:2]} belongs to {other}; numbers are final")
        if other != name and field_of(other) == field:
            raise Problem(f"field {field} belongs to {other}")
    words = {"LECTURE": name, "NUMBER": str(number), "NN": name[:2], "FIELD": field, "TITLE": _title(topics, name)}
    sections = "".join(
        _fill(SECTION, words | {"HEADING": heading, "NAME": f"finding_{place}"})
        for place, heading in enumerate(_headings(topics, name), 1)
    )
    new = {
        project.twin(name): _fill(TWIN, words | {"COLAB": notebooks.colab_cell(project), "SECTIONS": sections}),
        project.root / "course_utils/checks" / f"{field}.py": _fill(CHECKS, words),
        project.root / "tests/lectures" / f"test_{field}.py": _fill(TESTS, words),
    }
    taken = [path for path in [*new, project.notebook(name)] if path.exists()]
    if taken:
        raise Problem(f"{taken[0].relative_to(project.root)} exists already; nothing was written")
    longer = {}
    if topics and name not in known:
        longer[topics_path] = topics.rstrip("\n") + "\n" + _fill(TOPICS, words)
    if not re.search(rf"^{name} *=", budget, re.M):
        longer[budget_path] = (budget or "[seconds]\n").rstrip("\n") + f"\n{name} = {SECONDS}\n"
    return new, longer


def _text(path):
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _fill(template, words):
    """Put text in the place of words, in one pass: words in what is put in stay as they are."""
    return re.sub(r"\b(" + "|".join(words) + r")\b", lambda match: words[match[1]], template)


def _block(topics, name):
    found = re.search(rf"^ *- name: {name}\n(.*?)(?=^ *- name: |\Z)", topics, re.M | re.S)
    return found[1] if found else ""


def _title(topics, name):
    found = re.search(r"^ *title: (.+)$", _block(topics, name), re.M)
    return found[1].strip().strip('"') if found else field_of(name).replace("_", " ").capitalize()


def _headings(topics, name):
    """Planned topics become the first headings; without any there is one."""
    return re.findall(r'topic: "([^"]+)"', _block(topics, name)) or ["A question?"]


def _write_all(texts):
    """Write several files; where one fails, all are as before. Copies are made first: to put them back needs no room."""
    old = {path: path.with_name(f".{path.name}.before.part") for path in texts if path.is_file()}
    begun = []
    try:
        for path, place in old.items():
            files.copy(path, place)
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            begun.append(path)
            notebooks.write_text(path, text)
    except BaseException:
        for path in begun:
            if path in old:
                old[path].replace(path)
            else:
                path.unlink(missing_ok=True)
        raise
    finally:
        for place in old.values():
            place.unlink(missing_ok=True)


def main(argv=None):
    """Write the skeleton of a new lecture."""
    parser = argparse.ArgumentParser(prog="new-lecture", description=main.__doc__)
    parser.add_argument("name", nargs="?", default="", help="number and field, such as 02_backprop")
    name = parser.parse_args(argv).name
    project = Project.find()
    new, longer = plan(project, name)
    _write_all(new | longer)
    for path in [*new, *longer]:
        print(f"{'extended' if path in longer else 'wrote':<9}{path.relative_to(project.root)}")
    print(f"\nNext: write {project.twin(name).relative_to(project.root)}, then: make run LECTURE={name}")
    print("What make run still complains about is the list of what is left to do.")
    return 0
