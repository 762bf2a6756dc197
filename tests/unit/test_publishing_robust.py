"""Claims under other seeds and kernels: a sound one holds in every column, a lucky one is found."""

import pytest

from course_utils.publishing import __main__ as command_line
from course_utils.publishing import measured, robust
from course_utils.publishing.project import Problem

LUCKY = """\
mistakes = 1234
from course_utils import reproducibility
import os
claims.check("samples.lucky", reproducibility.course_seed(), at_most=1, says="This holds for the first two seeds alone.")
claims.check("samples.kernels", "OPENBLAS_CORETYPE" in os.environ, equals=False, says="This holds for the usual kernels alone.")
"""


@pytest.fixture
def lucky_course(sample_course):
    return sample_course({"mistakes = 1000 + 234\n": LUCKY})


def test_the_table_shows_where_a_claim_is_false(lucky_course, monkeypatch, capsys):
    monkeypatch.chdir(lucky_course.project.root)
    assert command_line.main(["robust", "--seeds", "3", "--jobs", "2"]) == 1
    said = capsys.readouterr().out
    rows = {line.split()[0]: line for line in said.splitlines() if line.startswith("samples.")}
    assert rows["samples.lucky"].split()[1:] == ["1", "0", "!", "-1", "1"]
    assert rows["samples.kernels"].split()[1:] == ["holds", "holds", "holds", "!", "false"]
    assert len(rows["samples.few_mistakes"].split()) == 5 and "!" not in rows["samples.few_mistakes"]
    assert "seed 0 other kernels" in said
    assert "3 claims, 4 runs" in said and "2 false, 0 runs stopped early" in said
    assert not lucky_course.project.notebook(lucky_course.lecture).exists(), "stored notebooks are left alone"


def test_a_run_that_stops_is_told_with_what_it_measured(sample_course, monkeypatch, capsys):
    course = sample_course({"fig, ax = plt": "1 / 0\nfig, ax = plt"})
    monkeypatch.chdir(course.project.root)
    assert command_line.main(["robust", "--seeds", "1", "--jobs", "2"]) == 1
    said = capsys.readouterr().out
    assert 'seed 0, stopped: cell 7 in "Draw it"' in said and "ZeroDivisionError" in said
    assert "1 claims, 2 runs: 0 false, 2 runs stopped early" in said


def test_a_cluster_gives_the_same_table(lucky_course):
    distributed = pytest.importorskip("distributed")
    chosen = robust.trials([lucky_course.lecture], 2)[:2]
    with distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=True, dashboard_address=None) as cluster:
        results = robust.measure_all(lucky_course.project, chosen, scheduler=cluster.scheduler_address)
    header, rows, num_false = robust.table(results)
    assert header == ["claim", "seed 0", "seed 1"] and num_false == 0
    assert [row for row in rows if row[0] == "samples.lucky"] == [["samples.lucky", "1", "0"]]


def test_a_scheduler_that_does_not_answer(lucky_course, monkeypatch):
    distributed = pytest.importorskip("dask.distributed")

    def refuse(*_, **__):
        raise OSError("timed out")

    monkeypatch.setattr(distributed, "Client", refuse)
    with pytest.raises(Problem, match="no scheduler answers at tcp://127.0.0.1:1"):
        robust.measure_all(lucky_course.project, [], scheduler="tcp://127.0.0.1:1")


def test_a_claim_that_is_measured_twice_counts_as_false_if_one_is():
    trial = robust.Trial("99_samples", 0)
    records = [
        {"name": "a.b", "value": 1.0, "margin": -0.5, "ok": False, "bounds": {"at_least": 1.5}},
        {"name": "a.b", "value": 3.0, "margin": 0.5, "ok": True, "bounds": {"at_least": 2.5}},
        {"name": "a.c", "value": None, "margin": None, "ok": False, "bounds": {"at_least": 1}},
        {"name": "a.d", "value": 14, "margin": 0, "ok": True, "bounds": {"equals": 14}},
        {"name": "a.e", "value": 13, "margin": -1, "ok": False, "bounds": {"equals": 14}},
    ]
    header, rows, num_false = robust.table([robust.Result(trial, records), robust.Result(robust.Trial("99_samples", 1))])
    shown = {"a.b": "! -0.5", "a.c": "! nan", "a.d": "exact", "a.e": "! -1"}
    assert rows == [[name, text, "-"] for name, text in shown.items()] and num_false == 3
    assert robust.show(header, rows).splitlines()[0].startswith("claim  seed 0")


def test_one_lecture_is_finished_before_the_next_begins():
    chosen = [(trial.lecture, trial.column) for trial in robust.trials(["01_a", "02_b"], 2, 1)]
    columns = ["seed 0", "seed 1", "seed 0 other kernels"]
    assert chosen == [(lecture, column) for lecture in ("01_a", "02_b") for column in columns]


@pytest.mark.parametrize("arguments", [["--seeds", "0"], ["--seeds", "many"], ["--seeds", "1", "--kernels", "-1"]])
def test_wrong_arguments(arguments, lucky_course, monkeypatch, capsys):
    monkeypatch.chdir(lucky_course.project.root)
    with pytest.raises(SystemExit):
        command_line.main(["robust", *arguments])
    assert arguments[-2] in capsys.readouterr().err


def test_a_run_that_was_stopped_goes_on_where_it_was(lucky_course, monkeypatch):
    project, chosen = lucky_course.project, robust.trials([lucky_course.lecture], 2, 2)
    assert [trial.column for trial in chosen[2:]] == ["seed 0 other kernels", "seed 1 other kernels"]
    asked = []
    monkeypatch.setattr(robust, "measure", lambda trial, text, root: asked.append(trial) or robust.Result(trial, [], 1.0))
    robust.measure_all(project, chosen[:1], jobs=1)
    results = robust.measure_all(project, chosen, jobs=1)
    assert asked == chosen and [result.trial for result in results] == chosen
    (project.build / "robust" / chosen[3].place).write_text('{"code_ha', encoding="utf-8")  # cut off
    robust.measure_all(project, chosen, jobs=1)
    assert asked[4:] == [chosen[3]]
    twin = project.twin(lucky_course.lecture)
    twin.write_text(twin.read_text(encoding="utf-8").replace("mistakes = 1234", "mistakes = 1235"), encoding="utf-8")
    robust.measure_all(project, chosen[:2], jobs=1)
    assert asked[5:] == chosen[:2], "other cells are measured again"
    robust.measure_all(project, chosen[:1], jobs=1, anew=True)
    assert asked[7:] == chosen[:1]


def test_a_run_that_stopped_early_is_not_kept(lucky_course, monkeypatch):
    asked = []
    fails = lambda trial, text, root: asked.append(trial) or robust.Result(trial, trouble="no memory")  # noqa: E731
    monkeypatch.setattr(robust, "measure", fails)
    for _ in range(2):
        assert robust.measure_all(lucky_course.project, robust.trials([lucky_course.lecture], 1, 0), jobs=1)[0].trouble
    assert len(asked) == 2


def records(*margins):
    kinds = {"exact": {"value": 14, "bounds": {"equals": 14}, "margin": 0}, "holds": {"value": True, "bounds": {"equals": True}}}
    return [
        {"name": f"a.{place}", "ok": True, "margin": margin, "value": 1.0, "bounds": {"at_least": 0}} | kinds.get(margin, {})
        for place, margin in enumerate(margins)
    ]


def test_the_lowest_margin_of_all_runs_is_stored_for_the_book(lucky_course):
    project, lecture = lucky_course.project, lucky_course.lecture
    first, second, other = robust.trials([lecture], 2)
    (project.root / "book").mkdir(exist_ok=True)
    stored = project.root / measured.MARGINS
    stored.write_text('{"lectures": {"01_old": {"code_hash": "x", "runs": ["seed 0"], "claims": {}}}}', encoding="utf-8")
    given = [(first, (0.5, 0.1, "exact")), (second, (0.25, 0.3, "exact")), (other, (2.0, 0.2, "exact"))]
    robust.save(project, [robust.Result(trial, records(*margins)) for trial, margins in given])
    lectures = measured.read_margins(project.root)
    assert list(lectures) == ["01_old", lecture] and lectures["01_old"]["code_hash"] == "x"
    assert lectures[lecture]["claims"] == {"a.0": 0.25, "a.1": 0.1, "a.2": "exact"}
    assert lectures[lecture]["runs"] == ["seed 0", "seed 1", "seed 0 other kernels"]

    before = stored.read_text(encoding="utf-8")
    false = robust.Result(first, [records(0.5)[0] | {"ok": False}])
    for wrong in (false, robust.Result(first, records(0.5), trouble="stopped")):
        with pytest.raises(Problem, match=f"{lecture} is not stored"):
            robust.save(project, [wrong])
    assert stored.read_text(encoding="utf-8") == before


@pytest.mark.parametrize("text", ["", "{", '{"lectures": {"01": {}}}', '{"lectures": 3}', "[]"])
def test_a_damaged_file_of_margins_says_so(tmp_path, text):
    assert measured.read_margins(tmp_path) == {}
    path = tmp_path / measured.MARGINS
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Problem, match="margins.json is damaged"):
        measured.read_margins(tmp_path)
