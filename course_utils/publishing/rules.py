"""All rules that a stored lecture has to meet, for `make run` and for the tests."""

import tomllib

from course_utils.publishing import notebooks, rules_cells, rules_words
from course_utils.publishing.project import Project

LONGEST_SILENCE = 10  # seconds that one cell may take
METADATA = {"course", "kernelspec", "language_info"}
COURSE_METADATA = {"code_hash", "lecture", "peak_memory_mb", "seconds", "slowest_cell_seconds", "source_hash"}


def pair_agrees(twin, stored):
    """Text twin and stored notebook hold the same cells.

    Parameters
    ----------
    twin : NotebookNode
        Read from the text.
    stored : NotebookNode
        The executed notebook.
    """
    faults = []
    for index, (text, cell) in enumerate(zip(twin.cells, stored.cells, strict=False)):
        place = rules_cells.at(stored, index)
        if text.cell_type != cell.cell_type:
            faults.append(f"{place} is {text.cell_type} in the text and {cell.cell_type} in the notebook")
        elif text.source != cell.source:
            faults.append(f"{place} differs. {_first_difference(text.source, cell.source)}")
        elif _plain(text.metadata) != _plain(cell.metadata):
            faults.append(f"{place} has marks {_plain(text.metadata)} in the text, {_plain(cell.metadata)} in the notebook")
        elif text.id != cell.id:
            faults.append(f"{place} has the id {cell.id}, expected {text.id}")
        if faults:  # after a shift everything would differ
            break
    if not faults and len(twin.cells) != len(stored.cells):
        faults.append(f"the text has {len(twin.cells)} cells, the notebook {len(stored.cells)}")
    return [f"{fault}. Edit the text, then: make run" for fault in faults]


def _plain(metadata):
    return {key: metadata[key] for key in sorted(metadata)}


def _first_difference(text, cell):
    ours, theirs = text.splitlines() + [""], cell.splitlines() + [""]
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            return f"Text: {one[:70]!r}, notebook: {other[:70]!r}"
    return f"Text: {len(ours) - 1} lines, notebook: {len(theirs) - 1}"


def metadata_is_lean(notebook, lecture):
    """The notebook keeps only the metadata that readers' programs and the tests need."""
    faults = [f"metadata holds {key!r}; make run strips it" for key in sorted(set(notebook.metadata) - METADATA)]
    course = notebook.metadata.get("course", {})
    if set(course) != COURSE_METADATA or course.get("lecture") != lecture[:2]:
        faults.append(f"metadata.course must hold {', '.join(sorted(COURSE_METADATA))}: make run")
    for index, cell in enumerate(notebook.cells):
        extra = sorted(set(cell.metadata) - {"slideshow", "tags"})
        if extra:
            faults.append(f"{rules_cells.at(notebook, index)} holds metadata {', '.join(extra)}; make run strips it")
    return faults


def colab_cell_is_stamped(notebook, project):
    """The first code cell installs this release from this repository on Colab."""
    first = next((cell for cell in notebook.cells if cell.cell_type == "code"), None)
    if first is None or "colab-setup" not in rules_cells.tags_of(first):
        return ["the first code cell is not the one tagged colab-setup"]
    if first.source != notebooks.colab_cell(project):
        return ["the Colab cell does not carry the address and version of pyproject.toml: make run"]
    return []


def budgets(project):
    """Seconds that each lecture may take, kernel start included."""
    path = project.root / "tests" / "notebooks" / "budgets.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))["seconds"] if path.is_file() else {}


def within_budget(notebook, lecture, seconds_allowed):
    """The stored run took no longer than its budget, and no cell was silent for long."""
    course = notebook.metadata.get("course", {})
    seconds, slowest = course.get("seconds", 0), course.get("slowest_cell_seconds", 0)
    faults = []
    if lecture not in seconds_allowed:
        faults.append(f"there is no budget for {lecture} in tests/notebooks/budgets.toml")
    elif seconds > seconds_allowed[lecture]:
        faults.append(f"the run took {seconds} s, {seconds_allowed[lecture]} are allowed")
    if slowest > LONGEST_SILENCE:
        faults.append(f"one cell took {slowest} s, {LONGEST_SILENCE} are allowed: split it or show progress")
    return faults


def of_notebook(notebook, lecture, folder, taken=None):
    """Complaints about a stored notebook that need nothing but the notebook and its folder."""
    cells, words = rules_cells, rules_words
    return [
        *cells.executed_in_order(notebook),
        *cells.clean_outputs(notebook),
        *cells.short_code(notebook),
        *cells.known_tags(notebook),
        *cells.pictures_have_words(notebook),
        *cells.slide_marks(notebook),
        *cells.exercises_answer(notebook, lecture),
        *cells.claims_belong(notebook, lecture, taken),
        *words.portable(notebook),
        *words.frame_is_kept(notebook),
        *words.numbers_are_measured(notebook),
        *words.links_lead_somewhere(notebook, folder, notebooks.read_notebook),
        *metadata_is_lean(notebook, lecture),
    ]


def claims_elsewhere(project, lecture):
    """Names of claims in the other stored lectures, with the lecture."""
    from course_utils import claims

    others = [name for name in project.lectures() if name != lecture and project.notebook(name).is_file()]
    return {record["name"]: name for name in others for record in claims.collect(project.notebook(name))}


def of_lecture(project: Project, lecture):
    """Complaints about one lecture of the checkout, each with the lecture's name."""
    path = project.notebook(lecture)
    if not path.is_file():
        return [f"{lecture}: there is no notebook yet: make run"]
    stored = notebooks.read_notebook(path)
    twin = notebooks.read_twin(project.twin(lecture).read_text(encoding="utf-8"))
    faults = [
        *pair_agrees(twin, stored),
        *rules_cells.small_enough(path.stat().st_size, stored),
        *colab_cell_is_stamped(stored, project),
        *within_budget(stored, lecture, budgets(project)),
        *of_notebook(stored, lecture, project.notebooks, claims_elsewhere(project, lecture)),
    ]
    if not notebooks.is_current(project, lecture):
        faults.append("the stored outputs are older than the text or a helper: make run")
    return [f"{lecture}: {fault}" for fault in faults]
