"""Claims under other seeds and kernels: a sound one holds in every column, a lucky one is found."""

import pytest

from course_utils.publishing import __main__ as command_line
from course_utils.publishing import robust
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


@pytest.mark.parametrize("arguments", [["--seeds", "0"], ["--seeds", "many"]])
def test_wrong_arguments(arguments, lucky_course, monkeypatch, capsys):
    monkeypatch.chdir(lucky_course.project.root)
    with pytest.raises(SystemExit):
        command_line.main(["robust", *arguments])
    assert "seeds" in capsys.readouterr().err
