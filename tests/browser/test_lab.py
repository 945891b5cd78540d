"""JupyterLab in Chromium: the kernel is listed and an analyst's notebook runs from the menu."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromedriver") is None, reason="needs chromium-driver (make test installs it)"),
]

TOKEN = "browser-test"
NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "taxi-typing"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the taxi example with its data."""
    folder = tmp_path / "work"
    shutil.copytree(NOTEBOOK, folder, ignore=shutil.ignore_patterns("data", "__pycache__"))
    subprocess.run([sys.executable, "generate.py", "data"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture
def lab(tmp_path: Path, folder: Path) -> Iterator[str]:
    """A JupyterLab on a free loopback port over the folder; yields its address."""
    with (tmp_path / "lab.log").open("w") as log:
        server = subprocess.Popen(
            [
                sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0",
                f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}",
                "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=",
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            ],
            cwd=folder, stdout=log, stderr=subprocess.STDOUT,
            env=os.environ | {f"JUPYTER_{kind}_DIR": str(tmp_path / kind.lower()) for kind in ("RUNTIME", "CONFIG")},
        )  # fmt: skip
    try:
        yield address_of(server, tmp_path / "lab.log")
    finally:
        server.terminate()
        server.wait(20)


def address_of(server: "subprocess.Popen[bytes]", log: Path) -> str:
    """The address that JupyterLab prints once it listens."""
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        for line in log.read_text().splitlines():
            if "http://127.0.0.1:" in line and "token=" in line:
                return line.split()[-1].split("/lab")[0]
        time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()[-3_000:]}")


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    """A headless Chromium with a profile of its own."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for switch in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
        "--window-size=1400,1600", f"--user-data-dir={tmp_path / 'profile'}",
    ):  # fmt: skip
        options.add_argument(switch)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


def wait_for(browser: Any, script: str, seconds: float = 90) -> Any:
    """Poll a JavaScript expression until it is true; its last value."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = browser.execute_script(f"return {script}")
        if value:
            return value
        time.sleep(0.25)
    raise AssertionError(f"never true: {script}\n{browser.execute_script('return document.body.innerText')[-3_000:]}")


def test_launcher_lists_the_kernel_and_a_notebook_opens_with_it(lab: str, browser: Any) -> None:
    """The launcher offers "Arc"; the taxi notebook opens with that kernel, idle, and shows its saved tables."""
    browser.get(f"{lab}/lab?token={TOKEN}&reset")
    wait_for(browser, "[...document.querySelectorAll('.jp-LauncherCard-label')].some(e => e.innerText.trim() == 'Arc')")

    browser.get(f"{lab}/lab/tree/taxi_typing.ipynb?token={TOKEN}")
    wait_for(browser, "document.querySelectorAll('.jp-Notebook .jp-CodeCell').length > 3")
    wait_for(browser, "document.querySelector('.jp-NotebookPanel-toolbar')?.innerText.includes('Arc')")
    wait_for(browser, "document.querySelector('#jp-main-statusbar')?.innerText.includes('Arc | Idle')")
    assert wait_for(browser, "document.querySelectorAll('.jp-OutputArea table').length > 0")
    assert not browser.execute_script("return document.querySelectorAll('[data-mime-type$=\"stderr\"]').length")


def test_a_notebook_runs_and_is_saved_with_its_results(lab: str, folder: Path, browser: Any) -> None:
    """ "Run All Cells" and "Save": every cell has a result in the file, a table is on the screen, and no error."""
    path = folder / "taxi_typing.ipynb"
    notebook = without_outputs(json.loads(path.read_text(encoding="utf-8")))
    path.write_text(json.dumps(notebook), encoding="utf-8")
    browser.get(f"{lab}/lab/tree/taxi_typing.ipynb?token={TOKEN}&reset")
    wait_for(browser, "document.querySelector('#jp-main-statusbar')?.innerText.includes('Arc | Idle')")
    assert not browser.execute_script("return document.querySelectorAll('.jp-OutputArea table').length")

    # The commands behind the menu's entries; only what is in sight of a long notebook is part of the page.
    execute(browser, "notebook:run-all-cells")
    execute(browser, "docmanager:save")

    wait_for(browser, "document.querySelectorAll('.jp-OutputArea table').length > 0")
    cells = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert not [output for cell in cells for output in cell["outputs"] if output["output_type"] == "error"]
    assert list((folder / "data" / "output" / "trips").glob("*.parquet"))


def without_outputs(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook as its author had it before the first run."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return notebook


def execute(browser: Any, command: str) -> None:
    """Run one of JupyterLab's commands to its end."""
    browser.set_script_timeout(120)
    failed = browser.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "window.jupyterapp.commands.execute(arguments[0]).then(() => done(null), error => done(String(error)));",
        command,
    )
    assert failed is None, failed
