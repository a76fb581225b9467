"""The command as a user meets it: a process with arguments, streams and an exit code."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import sknn
from sknn import _cli
from sknn._cli import _study_progress
from sknn._cli._study_progress import StudyProgress
from sknn.studies import FitProgress

COMMAND = [sys.executable, "-m", "sknn"]
SHORT = ["study", "producers", "--epochs", "2", "--seeds", "1", "--jobs", "1"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(sknn.__file__).parents[1])}


def heed_ctrl_c():
    """In a new process: what a shell runs in the background would ignore the signal."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


# The figures of a page have tests of their own, and take longer than everything else.
WITHOUT_FIGURES = """
import sys
import sknn.report._html
from sknn._cli import main
sknn.report._html.to_svgs = lambda draw, prefix: {"both": "<svg></svg>"}
sys.exit(main())
"""


def run(*arguments, cwd, command=COMMAND):
    return subprocess.run(
        [*command, *arguments],
        cwd=cwd,
        env=ENVIRONMENT,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )


def test_the_study_prints_and_writes(tmp_path):
    """As a user runs it: a process, both parts, every file."""
    arguments = [*SHORT, "--key-features", "--refits", "3", "--out", "results"]
    done = run(*arguments, cwd=tmp_path, command=[sys.executable, "-c", WITHOUT_FIGURES])
    assert done.returncode == 0
    for title in ("No penalty", "L2 penalty", "L1 penalty"):
        assert f"{title}: test rows, seed 0" in done.stdout
    assert "Key features: 3 refits × 2 epochs" in done.stdout
    assert "11 fits in" in done.stdout
    lines = done.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines[:5]] == [
        "1/5 no penalty, seed 0",
        "2/5 L2 penalty, seed 0",
        "3/5 L1 penalty, seed 0",
        "4/5 StandardScaler and Adam, seed 0",
        "5/5 L1 by prox and cosine, seed 0",
    ]
    assert lines[5:] == [
        *(f"{k}/6 refits ranked by weights" for k in (1, 2, 3)),
        *(f"{k}/6 refits ranked by gradients" for k in (4, 5, 6)),
    ]
    metrics = json.loads((tmp_path / "results" / "metrics.json").read_text(encoding="utf-8"))
    assert (metrics["epochs"], metrics["seeds"]) == (2, [0])
    names = {path.name for path in (tmp_path / "results").iterdir()}
    assert {"key_features.csv", "key_feature_ranks.png", "metrics.json", "report.html"} <= names
    for name in names:
        assert f"  {name}\n" in done.stdout
    assert done.stdout.endswith(f"The page: {Path('results', 'report.html')}\n")


def test_quiet_says_nothing_and_writes_to_the_default_place(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert _cli.main([*SHORT, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert (tmp_path / "output" / "producers" / "metrics.json").is_file()
    assert (tmp_path / "output" / "producers" / "report.html").is_file()


def test_both_engines_and_nothing_but_the_document(tmp_path, capsys):
    arguments = ["--engine", "both", "--no-alternatives", "--out", str(tmp_path)]
    assert _cli.main([*SHORT, *arguments]) == 0
    streams = capsys.readouterr()
    assert "Both engines, mean ± sd over 1 seed" in streams.out
    assert "6 fits in" in streams.out
    assert "Adam" not in streams.err
    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert (metrics["engine"], metrics["alternatives"]) == ("scratch", {})
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Both engines</h2>" in page
    assert "What the document leaves open</h2>" not in page


def test_json_is_the_only_output(tmp_path, capsys):
    assert _cli.main([*SHORT, "--json", "--quiet", "--out", str(tmp_path)]) == 0
    streams = capsys.readouterr()
    tree = json.loads(streams.out)
    assert (tree["study"], tree["epochs"], streams.err) == ("producers", 2, "")
    assert str(tmp_path / "report.html") in tree["files"]


def test_the_yeast_study(tmp_path, capsys, yeast_path):
    arguments = ["study", "yeast", "--data", str(yeast_path), "--seeds", "1", "--epochs", "2"]
    arguments += ["--no-architectures", "--jobs", "1", "--out", str(tmp_path)]
    assert _cli.main(arguments) == 0
    streams = capsys.readouterr()
    assert "Four ways to train" in streams.out
    assert "Architectures" not in streams.out
    assert "fits in" in streams.out
    assert streams.err.startswith("1/")
    names = {path.name for path in tmp_path.iterdir()}
    assert {"metrics.json", "report.html", "results.csv", "history_adam.csv"} <= names
    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["models"]["adam"]["accuracy"]["document"] == 0.5825


def test_the_yeast_study_without_its_table(tmp_path, capsys):
    missing = str(tmp_path / "no.csv")
    arguments = ["study", "yeast", "--data", missing, "--out", str(tmp_path), "--quiet"]
    assert _cli.main(arguments) == 1
    streams = capsys.readouterr()
    assert streams.out == ""
    assert len(streams.err.splitlines()) == 1
    assert missing in streams.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["study", "producers", "--epochs", "0"],
            "--epochs: must be an int of at least 1, got '0'",
        ),
        (["study", "producers", "--seeds", "x"], "--seeds: must be an int of at least 1, got 'x'"),
        (["study", "producers", "--jobs", "-1"], "--jobs: must be an int of at least 1, got '-1'"),
        (["study", "producers", "--refits", "9"], "--refits: goes with --key-features only"),
        (["study", "producers", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["study"], "required: STUDY"),
        ([], "required: COMMAND"),
    ],
)
def test_wrong_usage_is_one_line(capsys, arguments, message):
    with pytest.raises(SystemExit) as exit_:
        _cli.main(arguments)
    streams = capsys.readouterr()
    assert exit_.value.code == 2
    assert streams.out == ""
    (line,) = streams.err.splitlines()
    assert message in line
    assert line.startswith("sknn")


def test_a_file_in_the_way_is_found_before_the_work(tmp_path):
    (tmp_path / "file").write_text("keep")
    done = run("study", "producers", "--out", "file", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "sknn: error: `out` must be a directory, or a path where one can be made, got 'file': "
        "'file' is a file\n"
    )
    assert (tmp_path / "file").read_text() == "keep"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("Training diverged:\n  lower it"), "Training diverged: lower it"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (PermissionError(13, "Permission denied", "/x"), "Permission denied: '/x'"),
        (RuntimeError("no"), "RuntimeError: no"),
    ],
)
def test_an_error_is_one_line(monkeypatch, tmp_path, capsys, error, line):
    def fail(**_):
        raise error

    monkeypatch.setattr("sknn.studies.producers", fail)
    assert _cli.main(["study", "producers", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"sknn: error: {line}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is no signal to a process there")
@pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_ctrl_c_says_what_is_finished(tmp_path, jobs):
    process = subprocess.Popen(
        [*COMMAND, "study", "producers", "--epochs", "400", "--seeds", "5", "--jobs", jobs],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        # A group of its own, which gets the signal as from a terminal.
        start_new_session=True,
        preexec_fn=heed_ctrl_c,
    )
    first = process.stderr.readline()
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert first.startswith("1/25 no penalty, seed 0")
    assert process.returncode == 130
    assert stdout == ""
    *fits, last = stderr.splitlines()
    assert all(" penalty, seed " in line for line in fits)
    assert last.startswith("sknn: interrupted: ")
    # A fit may have been counted, and not yet shown, when the signal came.
    counts = [f"{len(fits) + more} of 25 fits had finished (no penalty" for more in (1, 2)]
    assert any(count in last for count in counts)
    assert last.endswith("no file was written")
    assert os.listdir(tmp_path / "output" / "producers") == []


@pytest.mark.parametrize(
    ("done", "total", "words"),
    [
        (0, 0, "no fit had finished; no file was written"),
        (2, 9, "2 of 9 fits had finished (A 1, B 1); no file was written"),
        (2, 2, "all 2 fits had finished, but not all files were written"),
    ],
)
def test_summary_of_an_interrupted_study(done, total, words):
    progress = StudyProgress()
    for k in range(done):
        progress(FitProgress(k + 1, total, "AB"[k], 0, 1.0))
    assert progress.summary() == words


def test_the_fits_of_an_earlier_part_stay_counted():
    progress = StudyProgress()
    with progress.shown(quiet=True):
        progress(FitProgress(3, 3, "A", 0, 1.0))
    with progress.shown(quiet=True):
        progress(FitProgress(1, 4, "B"))
    assert progress.summary() == "4 of 7 fits had finished (A 1, B 1); no file was written"


def test_hundreds_of_refits_get_some_lines(capsys):
    for done in range(1, 601):
        _study_progress._line(FitProgress(done, 600, "refits"))
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"{done}/600 refits" for done in range(30, 601, 30)]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is no signal to a process there")
def test_ctrl_c_among_the_refits(tmp_path):
    command = [*COMMAND, *SHORT, "--key-features", "--refits", "500", "--epochs", "40"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
        preexec_fn=heed_ctrl_c,
    )
    while not process.stderr.readline().startswith("50/1000 refits"):
        pass
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    # Lines before the last may be loky's: its threads race when it is stopped.
    last = stderr.splitlines()[-1]
    assert (process.returncode, stdout) == (130, "")
    assert last.startswith("sknn: interrupted: ")
    assert "L1 by prox and cosine 1, refits ranked by weights" in last
    assert last.endswith("no file was written")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_gets_a_bar(tmp_path):
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *SHORT],
        cwd=tmp_path,
        env={**ENVIRONMENT, "TERM": "xterm", "COLUMNS": "120"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 4096):
                shown += chunk
                if b"5/5" in shown:  # what comes after is no bar
                    process.terminate()
        except OSError:
            pass  # Linux: the other end was closed
        finally:
            os.close(ours)
    assert b"5/5" in shown
    assert b"\x1b[" in shown
    assert b"1/5 no penalty, seed 0: accuracy" not in shown


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
def test_a_reader_that_has_seen_enough(tmp_path):
    process = subprocess.Popen(
        [*COMMAND, *SHORT],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    process.stdout.close()
    stderr = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 1
    assert "Traceback" not in stderr
    assert "BrokenPipe" not in stderr


def test_version_and_help(capsys):
    for arguments, words in (
        (["--version"], f"sknn {sknn.__version__}"),
        (["--help"], "examples:"),
        (["study", "producers", "--help"], "sknn study producers --out results"),
    ):
        with pytest.raises(SystemExit) as exit_:
            _cli.main(arguments)
        assert exit_.value.code == 0
        assert words in capsys.readouterr().out


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from sknn._cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=ENVIRONMENT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    heavy = {"numpy", "sklearn", "pandas", "matplotlib", "torch", "rich", "joblib"}
    assert not heavy & set(done.stdout.split())
