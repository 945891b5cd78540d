"""The borders that import-linter holds are drawn around all there is."""

import ast
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
OURS = {"arcbook", "arcbook_magics", "arcbook_hub"}


def test_the_core_is_kept_from_every_third_party() -> None:
    """The contract has to list them; a dependency that is new in some package belongs there, too."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (listed,) = (set(each["forbidden_modules"]) for each in contracts if each.get("source_modules") == ["arcbook.core"])
    imported: set[str] = set()
    for source in ("kernel", "magics", "jupyterhub"):
        for path in (ROOT / source).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(node, ast.Import):
                    imported |= {name.name.partition(".")[0] for name in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    imported.add(node.module.partition(".")[0])
    assert imported - sys.stdlib_module_names - OURS - listed == set()
