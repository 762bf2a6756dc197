"""Run a notebook in a fresh kernel, and say clearly what went wrong when it does."""

import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.publishing.project import Problem

CELL_TIMEOUT = 900  # seconds; a lecture's budget is far below
_ANSI = re.compile(r"\x1b\[[0-9;]*m")

# Set for every run, so that two runs give the same bytes.
QUIET = {"COURSE_BUILD": "1", "PYTHONHASHSEED": "0", "TF_CPP_MIN_LOG_LEVEL": "3", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
UNWANTED = ("COURSE_SEED", "COURSE_CLAIMS_LOG", "IPYTHONDIR")  # would change what a run gives


class RunFailed(Problem):
    """A cell raised, wrote to stderr, took too long or ended the kernel."""


@dataclass
class Run:
    """A finished run: the notebook with its outputs, and what it took."""

    notebook: object
    seconds: float = 0.0
    cell_seconds: dict = field(default_factory=dict)
    peak_memory: int = 0  # bytes that the kernel held at most

    @property
    def slowest(self):
        """Index and seconds of the slowest cell."""
        return max(self.cell_seconds.items(), key=lambda item: item[1], default=(0, 0.0))


def environment(root=None, **changes):
    """Environment of a kernel that runs a lecture.

    Parameters
    ----------
    root : Path, optional
        Checkout whose helpers are to be used, whatever is installed; by default, and where the
        checkout has none, the helpers that run now.
    **changes : str
        Variables to set on top, for example ``COURSE_SEED="3"``.

    Returns
    -------
    dict of str to str
    """
    variables = {key: value for key, value in os.environ.items() if key not in UNWANTED} | QUIET
    helpers = Path(root) if root and Path(root, "course_utils").is_dir() else Path(__file__).resolve().parents[2]
    known = variables.get("PYTHONPATH")
    variables["PYTHONPATH"] = os.pathsep.join([str(helpers), known] if known else [str(helpers)])
    return variables | changes


def quiet_profile(folder):
    """Write an IPython profile for runs that are stored or compared, and return its place.

    Log lines that TensorFlow's C++ code writes past Python stay out of the outputs with it, and so
    does whatever the user's own profile does. What Python code writes to stderr is still caught.
    """
    profile = Path(folder) / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    config = "c.IPKernelApp.capture_fd_output = False\nc.HistoryManager.enabled = False\n"
    (profile / "ipython_kernel_config.py").write_text(config, encoding="utf-8")
    return str(folder)


def warm_up(python=sys.executable):
    """Build Matplotlib's list of fonts now: in a lecture it would write to stderr."""
    subprocess.run([python, "-c", "import matplotlib.font_manager"], capture_output=True, check=False)


def execute(
    notebook, *, folder, variables=None, python=None, on_cell=None, allow_errors=False, refuse_stderr=True,
    timeout=CELL_TIMEOUT,
):  # fmt: skip
    """Run all cells of a notebook from a fresh kernel.

    Parameters
    ----------
    notebook : NotebookNode
        Its outputs are replaced in place.
    folder : Path
        Folder in which the kernel runs.
    variables : dict of str to str, optional
        Environment of the kernel; `environment()` by default.
    python : str, optional
        Interpreter of the kernel; by default the one that runs now.
    on_cell : callable, optional
        Called with the index of each code cell before it runs, and with None at the end.
    allow_errors : bool, default False
        Go on after a cell that raises or writes to stderr.
    refuse_stderr : bool, default True
        Stop at a cell that writes to stderr.
    timeout : float
        Longest time of one cell, in seconds.

    Returns
    -------
    Run

    Raises
    ------
    RunFailed
        With the cell, its section and the end of its traceback.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    run, clock = Run(notebook), {"start": time.perf_counter(), "current": None}

    def before(cell, cell_index):
        clock["current"], clock["cell"] = cell_index, time.perf_counter()
        if on_cell:
            on_cell(cell_index)

    def after(cell, cell_index, execute_reply):
        now = time.perf_counter()
        run.cell_seconds[cell_index], run.seconds = now - clock["cell"], now - clock["start"]
        run.peak_memory = max(run.peak_memory, peak_memory(client.km.provisioner.pid))
        if refuse_stderr and not allow_errors and execute_reply["content"]["status"] == "ok":
            _refuse_stderr(notebook, cell_index)

    with tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as place, \
            open(os.path.join(place, "log"), "w+b") as log:  # fmt: skip
        variables = {"IPYTHONDIR": quiet_profile(Path(place, "ipython"))} | (variables or environment())
        client = NotebookClient(
            notebook, km=_kernel_of(python or sys.executable, place), timeout=timeout, coalesce_streams=True,
            record_timing=False, allow_errors=allow_errors, resources={"metadata": {"path": str(folder)}},
            on_cell_execute=before, on_cell_executed=after,
        )  # fmt: skip
        try:
            client.execute(cleanup_kc=True, env=variables, stdout=log, stderr=log)
        except CellExecutionError as error:
            raise RunFailed(_where(notebook, clock["current"]) + _traceback_tail(notebook, clock["current"], error)) from None
        except CellTimeoutError:
            raise RunFailed(f"{_where(notebook, clock['current'])}took longer than {timeout:g} s") from None
        except (DeadKernelError, RuntimeError) as error:
            log.seek(0)
            last = "\n".join(log.read().decode(errors="replace").splitlines()[-12:])
            raise RunFailed(f"{_where(notebook, clock['current'])}the kernel ended: {error}\n{last}") from None
        finally:
            if on_cell:
                on_cell(None)
    return run


def _kernel_of(python, place):
    """Manager of a kernel in exactly this interpreter, whatever kernels the user has installed.

    The kernel's connection lives in the folder `place`.
    """
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class OneInterpreter(KernelSpecManager):
        def get_kernel_spec(self, kernel_name):
            command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=command, display_name="Python 3", language="python")

    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=OneInterpreter())
    # Sockets in a folder of its own can't clash with another run's ports; their paths must be short.
    if os.name == "posix" and len(place) < 70:
        manager.connection_file = os.path.join(place, "kernel.json")
        manager.transport, manager.ip = "ipc", os.path.join(place, "kernel-ipc")
    return manager


def peak_memory(pid):
    """Bytes of memory that a process has held at most; what it holds now where the system keeps no record."""
    import psutil

    try:
        if sys.platform == "linux":
            status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
            if found := re.search(r"^VmHWM:\s+(\d+) kB$", status, re.M):
                return 1024 * int(found[1])
        memory = psutil.Process(pid).memory_info()
        return getattr(memory, "peak_wset", memory.rss)
    except (OSError, psutil.Error):  # it has ended
        return 0


def section_of(notebook, index):
    """Heading above a cell, as plain text."""
    for cell in reversed(notebook.cells[: (index or 0) + 1]):
        heads = re.findall(r"^#{1,6}\s+(.+?)\s*$", cell.source, re.M) if cell.cell_type == "markdown" else []
        if heads:
            return heads[-1]
    return "the beginning"


def _where(notebook, index):
    if index is None:
        return "before the first cell: "
    source = notebook.cells[index].source.strip().splitlines()
    return f'cell {index} in "{section_of(notebook, index)}", which starts {source[0] if source else ""!r}:\n'


def _refuse_stderr(notebook, index):
    texts = [out.text for out in notebook.cells[index].outputs if out.output_type == "stream" and out.name == "stderr"]
    if texts:
        lines = _ANSI.sub("", "".join(texts)).strip().splitlines()[-12:]
        raise RunFailed(_where(notebook, index) + "wrote to stderr; a reader would see it as an error:\n" + "\n".join(lines))


def _traceback_tail(notebook, index, error, lines=25):
    """Last lines of the error that is stored in the cell."""
    for output in notebook.cells[index].outputs if index is not None else []:
        if output.output_type == "error":
            text = _ANSI.sub("", "\n".join(output.traceback)) or f"{output.ename}: {output.evalue}"
            return "\n".join(text.splitlines()[-lines:])
    return str(error)


def relative(path, root):
    """Short form of a path for messages."""
    path = Path(path)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
