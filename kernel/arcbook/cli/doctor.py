"""Check this installation: Python, packages, engines, kernel, cache, credentials."""

import sys
from dataclasses import asdict, dataclass

import click

from arcbook.cli._output import echo_json, json_option
from arcbook.core.failures import FAILURES


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check; `note` says what was found and, when it is not well, what to do."""

    name: str
    well: bool
    note: str


@click.command(help="Check this installation; exits with 64 when something needed is missing.")
@click.option("--start", is_flag=True, help="Also start each usable engine and run a statement on it.")
@json_option
def command(start: bool, as_json: bool) -> int:
    """Print one line per check."""
    findings = [_python(), *_packages(), *_engines(start), _kernel(), _cache(), _credentials()]
    if as_json:
        echo_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            click.secho("ok   " if finding.well else "FAIL ", fg="green" if finding.well else "red", nl=False)
            click.echo(f"{finding.name}: {finding.note}")
    return 0 if all(finding.well for finding in findings) else FAILURES["definition"].exit_code


def _python() -> Finding:
    text = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info >= (3, 11), f"{text} at {sys.executable}; 3.11 or newer is needed")


def _packages() -> list[Finding]:
    from importlib.util import find_spec

    wanted = {"embedded": ("pysail", "pyspark", "pandas", "pyarrow", "grpc"), "notebook": ("ipykernel", "papermill")}
    findings = []
    for extra, names in wanted.items():
        missing = [name for name in names if find_spec(name) is None]
        note = f"missing {', '.join(missing)}: `pip install 'arcbook[{extra}]'`" if missing else "complete"
        findings.append(Finding(f"packages for {extra}", not missing, note))
    return findings


def _engines(start: bool) -> list[Finding]:
    from arcbook.core.failures import ArcbookError
    from arcbook.core.translate import translating
    from arcbook.engines.availability import availability
    from arcbook.engines.open import open_engine

    findings = []
    for each in availability():
        # `local` is a choice: a machine without Java is in order.
        well, note = each.usable or each.name != "embedded", each.note
        if start and each.usable:
            engine = open_engine(each.name)
            try:
                with translating():
                    engine.spark().sql("SELECT 1").collect()
                note += " It answers."
            except ArcbookError as error:
                well, note = False, error.message
            finally:
                engine.close()
        findings.append(Finding(f"engine {each.name}", well, note))
    return findings


def _kernel() -> Finding:
    try:
        from jupyter_client.kernelspec import KernelSpecManager
    except ImportError:
        return Finding("kernel arc", True, "Jupyter is not installed here")
    found = KernelSpecManager().find_kernel_specs().get("arc")
    return Finding(
        "kernel arc", found is not None, found or "not installed: reinstall arcbook in Jupyter's environment"
    )


def _cache() -> Finding:
    import os

    from arcbook.engines.jars import cache_folder

    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return Finding("cache", False, f"{folder} cannot be made ({error.strerror}); set ARCBOOK_CACHE")
    writable = os.access(folder, os.W_OK)
    return Finding("cache", writable, str(folder) if writable else f"{folder} is not writable; set ARCBOOK_CACHE")


def _credentials() -> Finding:
    from arcbook.engines.storage import is_configured, read_storage

    if not is_configured():
        return Finding("S3", True, "not configured in the environment; roles of the machine may still serve")
    found = read_storage()
    signed = "with credentials" if found.access_key else "without credentials of its own"
    return Finding("S3", True, f"endpoint {found.endpoint or 'of AWS'}, region {found.region or 'unset'}, {signed}")
