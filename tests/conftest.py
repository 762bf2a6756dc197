"""A tiny course in a folder of its own, for tests of what is made from lectures."""

import copy
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

from course_utils.publishing import notebooks, running
from course_utils.publishing.project import Project

# What test modules share says as much as they do when it fails.
pytest.register_assert_rewrite("tests.exercise_answers", "tests.interactive_figures")

PYPROJECT = """\
[project]
name = "deep-learning-measured"
version = "9.8.7"
urls = { Repository = "https://example.org/sample/course/" }
"""

HEAD = """\
---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

+++ {"slideshow": {"slide_type": "slide"}}

# Samples: what does the net catch?

*One minute to read, two seconds to run. Builds on: nothing.*

<!-- notes: Say what a sample is. -->

```{code-cell} ipython3
:tags: [colab-setup]

stale
```

```{code-cell} ipython3
import matplotlib.pyplot as plt
from course_utils import checks, claims, figures

for part in "12345":
    @checks.register(f"99.{part}", hint="Add one to the number of the exercise.")
    def one_more(answer, part=int(part)):
        return answer == part + 1
```

+++ {"slideshow": {"slide_type": "slide"}}

## Count the mistakes

- How many are made?

<!-- notes: Ask for a guess. -->

```{code-cell} ipython3
mistakes = 1000 + 234
claims.report(mistakes=mistakes)
claims.check("samples.few_mistakes", mistakes / 100000, at_most=0.5, says="The rule makes few mistakes in this sample.")
```

The rule needed **1,234**<!-- =mistakes --> mistakes, see [the picture](#draw-it) or [a page](https://example.org/page).

+++ {"slideshow": {"slide_type": "slide"}}

## Draw it

<!-- notes: Point to the end of the line. -->

```{code-cell} ipython3
---
slideshow:
  slide_type: '-'
---
fig, ax = plt.subplots(figsize=(3, 2))
ax.plot([0, 1], [0, 1])
figures.show(fig, alt="A straight line rises from the lower left corner to the upper right corner.")
```
"""

SLIDE = """
+++ {"slideshow": {"slide_type": "slide"}}

### Slide PART

- One line

<!-- notes: Go on. -->
"""

MIDDLE = """
+++ {"slideshow": {"slide_type": "slide"}}

## Summary

- One line

<!-- notes: Repeat it. -->

+++

## Symbols

| symbol | meaning |
|---|---|
| $x$ | one input |

+++

## Exercises

Replace the dots.
"""

EXERCISE = """
+++

### Exercise 99.PART: one more (1 minute)

Give PART plus one.

```{code-cell} ipython3
:tags: [exercise]

answer_PART = ...
checks.check("99.PART", answer_PART)
```

<details><summary>Solution 99.PART</summary>

The solution for PART is in the next cell, and nowhere else.

</details>

```{code-cell} ipython3
:tags: [solution]

right_answer_PART = PART + 1
checks.check("99.PART", right_answer_PART)
```
"""

TAIL = """
+++

## References

1. A. Author. A title. [doi:10.1000/182](https://doi.org/10.1000/182). What to read it for.
"""


class SampleCourse:
    """A checkout with one lecture, ``99_samples``.

    Parameters
    ----------
    root : Path
        An empty folder.
    change : dict of str to str, optional
        Pieces of the lecture's text and what stands in their place.
    """

    lecture = "99_samples"

    def __init__(self, root, change=None):
        root.mkdir(parents=True, exist_ok=True)
        (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
        self.project = Project.at(root)
        self.project.twins.mkdir(parents=True)
        (root / "tests/notebooks").mkdir(parents=True)
        (root / "tests/notebooks/budgets.toml").write_text("[seconds]\n99_samples = 60\n", encoding="utf-8")
        slides = "".join(SLIDE.replace("PART", str(part)) for part in range(16))
        exercises = "".join(EXERCISE.replace("PART", str(part)) for part in range(1, 6))
        self.write(HEAD + slides + MIDDLE + exercises + TAIL)
        self.change(change or {})

    @property
    def text(self):
        """The lecture's text as it is now."""
        return self.project.twin(self.lecture).read_text(encoding="utf-8")

    def write(self, text):
        """Replace the lecture's text."""
        self.project.twin(self.lecture).write_text(text, encoding="utf-8")

    def change(self, pieces):
        """Replace pieces of the lecture's text; each of them must be there."""
        text = self.text
        for old, new in pieces.items():
            assert old in text, f"the sample lecture holds no {old!r}"
            text = text.replace(old, new)
        self.write(text)

    def run(self, **options):
        """Run the lecture as `make run` does."""
        return running.run_lecture(self.project, self.lecture, **options)

    @property
    def notebook(self):
        """The stored notebook."""
        return notebooks.read_notebook(self.project.notebook(self.lecture))


@pytest.fixture(scope="session", autouse=True)
def one_thread_for_products():
    """Let NumPy and SciPy use one thread in the tests' own process.

    Tests run side by side: a product of small matrices whose threads wait for those of another takes forty
    times as long, most of it busy with waiting.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        yield


@pytest.fixture
def sample_course(tmp_path):
    """Make a sample course; pieces of its lecture can be changed before it runs."""
    places = iter(range(100))
    return lambda change=None: SampleCourse(Path(tmp_path) / f"course{next(places)}", change)


@pytest.fixture(scope="session")
def finished_course(tmp_path_factory):
    """A sample course whose lecture has been run, once for all tests. Don't write into it."""
    course = SampleCourse(tmp_path_factory.mktemp("finished") / "course")
    course.said = course.run()
    return course


@pytest.fixture
def finished(finished_course):
    """A copy of the finished sample's notebook, to be damaged."""
    return copy.deepcopy(finished_course.notebook)
