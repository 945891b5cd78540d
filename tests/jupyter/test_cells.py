"""Cells of every magic in a real kernel."""

import json

import pytest

from arcbook.cells.magics import MAGICS
from arcbook_magics.registry import magic_names
from tests.jupyter.kernels import Kernel, StartKernel


@pytest.fixture(scope="module", autouse=True)
def people(kernel: Kernel) -> None:
    """A view to look at."""
    shown = kernel.run(
        '%sql name="people" outputView=people\n'
        "SELECT * FROM VALUES ('Ann', 31, 1.50), ('Bo', NULL, 2.25), ('<b>', 7, NULL) AS t(name, age, share)"
    )
    assert shown.status == "ok", shown.error


def test_every_magic_of_the_language_is_implemented() -> None:
    """The language's table and the modules name the same magics."""
    assert set(magic_names()) == set(MAGICS)


def test_a_result_is_a_table_with_metadata(kernel: Kernel) -> None:
    """HTML and text, typed headers, and what a launcher reads."""
    shown = kernel.run("%sql name=adults outputView=adults\nSELECT name, age, share FROM people WHERE age > 18")
    ((kind, content),) = shown.outputs
    assert kind == "execute_result"
    assert content["data"]["text/plain"].splitlines() == ["name  age  share", "----  ---  -----", "Ann    31   1.50"]
    assert "title='decimal(3,2)'" in content["data"]["text/html"]
    about = content["metadata"]["arcbook"]
    assert (about["stage"], about["name"], about["view"], about["skipped"]) == (
        "SQLTransform",
        "adults",
        "adults",
        False,
    )


def test_several_stages_are_shown_one_by_one(kernel: Kernel) -> None:
    """All but the last at once, the last as the cell's result; commas between stages are optional."""
    stage = '{{ type = SQLTransform, name = "{0}", sql = "SELECT {0} AS n", outputView = v{0} }}'
    shown = kernel.run("%arc\n" + stage.format(1) + "\n" + stage.format(2) + ",\n" + stage.format(3) + ",")
    assert [kind for kind, _ in shown.outputs] == ["display_data", "display_data", "execute_result"]
    assert [stage["view"] for stage in shown.stages] == ["v1", "v2", "v3"]
    assert kernel.run(stage.format(4)).texts == ["n\n-\n4"]


def test_a_failing_stage_keeps_what_was_shown_before(kernel: Kernel) -> None:
    """Results of stages before the failure are published, nothing after it runs."""
    stage = '{{ type = SQLTransform, name = x, sql = "SELECT {0} AS n", outputView = "{1}" }}'
    shown = kernel.run("\n".join([stage.format(1, "w1"), stage.format("missing", "w2"), stage.format(3, "w3")]))
    assert [stage["view"] for stage in shown.stages] == ["w1"]
    assert shown.error["ename"] == "DefinitionError"
    assert "no view `w3`" in kernel.run("%printschema w3").error["evalue"]


@pytest.mark.parametrize(
    "cell", ["%sqlvaildate\nSELECT false", "%sqlvalidat\nSELECT false", "%pip install x", "%time 1"]
)
def test_an_unknown_magic_never_runs(kernel: Kernel, cell: str) -> None:
    """Neither as SQL, as in Arc, nor as IPython's magic, which has its place in Python cells."""
    shown = kernel.run(cell)
    assert shown.error["ename"] == "CellError"
    assert "unknown-magic" in shown.error["evalue"]
    assert shown.texts == []
    if cell.startswith("%sqlva"):
        assert "`%sqlvalidate`?" in shown.error["traceback"][-1]


@pytest.mark.parametrize(
    ("cell", "line", "word"),
    [
        ("%sql\nSELECT name,\n       agee\nFROM people", 3, "agee"),
        ("%sql\nSELECT 1\nFROM poeple", 3, "poeple"),
        ("%sql\nSELECT name\nFORM people", 3, "people"),
        ("%sql outputViw=x\nSELECT 1", 1, "outputViw"),
        ('{\n  "type": "SQLTransform", "name": "x",\n  "sql": "SELECT 1",\n  "persits": true\n}', 4, '"persits"'),
        ('{\n  "type": "SQLTransfrom",\n  "name": "x"\n}', 2, '"SQLTransfrom"'),
        ("%printschema poeple", 1, "poeple"),
        ("%conf numRows=many", 1, "numRows=many"),
    ],
)
def test_errors_point_into_the_cell(kernel: Kernel, cell: str, line: int, word: str) -> None:
    """The offending line is quoted with a marker under the word, in six lines at most."""
    error = kernel.run(cell).error
    assert len(error["traceback"]) <= 6
    assert f"line {line}, column" in error["traceback"][0]
    quoted, marker = error["traceback"][1:3]
    assert quoted == f"{line:>4} | {cell.splitlines()[line - 1]}"
    at = marker.index("^")
    assert quoted[at:].startswith(word)


def test_all_problems_of_a_cell_at_once(kernel: Kernel) -> None:
    """Compact, one line each."""
    error = kernel.run('{\n "type": "SQLTransform",\n "nam": "x",\n "persist": "perhaps"\n}').error
    assert error["ename"] == "CellError"
    assert error["traceback"][0].endswith("problems")
    assert "did you mean" in "\n".join(error["traceback"]).lower()


def test_the_engines_own_words_are_folded(kernel: Kernel) -> None:
    """The cell shows a few lines; `%help error` has the rest."""
    error = kernel.run("%sql\nSELECT element_at(array(1), 0) FROM people").error
    assert "`%help error`" in error["traceback"][-1]
    assert len(kernel.run("%help error").texts[0]) > len("\n".join(error["traceback"]))


def test_rows_beyond_the_cap_are_announced(kernel: Kernel) -> None:
    """`numRows` on the cell, then for all cells."""
    assert kernel.run("%sql numRows=2\nSELECT id FROM range(5)").texts[0].splitlines()[-1] == (
        "truncated: the first 2 rows; there are more"
    )
    kernel.run("%conf\nnumRows=3")
    assert "first 3 rows" in kernel.run("%sql\nSELECT id FROM range(5)").texts[0]
    kernel.run("%conf numRows=20")


def test_views_are_described(kernel: Kernel) -> None:
    """As a tree, as JSON, as a schema document, as a table that can be kept."""
    assert kernel.run("%printschema people").texts[0].splitlines()[:2] == [
        "root",
        " |-- name: string (nullable = false)",
    ]
    assert [field["name"] for field in json.loads(kernel.run("%schema\npeople").texts[0])["fields"]] == [
        "name", "age", "share",
    ]  # fmt: skip
    document = json.loads(kernel.run("%printmetadata people").texts[0])
    assert document[2] == {"name": "share", "type": "decimal", "nullable": True, "precision": 3, "scale": 2}
    assert "decimal(3,2)" in kernel.run("%metadata outputView=about\npeople").texts[0]
    assert kernel.run("%sql\nSELECT count(*) AS n FROM about WHERE nullable").texts == ["n\n-\n2"]


def test_parameters_and_environment_values(kernel: Kernel) -> None:
    """Declared, injected later, bound and pasted; `%env` adds and fills arguments."""
    kernel.run('%params\nregion: enum("eu", "us") = "eu"\nwho: string = "nobody"')
    kernel.run('%params\n# Parameters\nwho = "007"')
    assert kernel.run("%sql\nSELECT :region AS r, :who AS w").texts == ["r   w\n--  ---\neu  007"]
    assert "must be" in kernel.run('%params\nregion = "mars"').error["evalue"]
    mistyped = kernel.run('%params\nregoin = "us"', interactive=True).error
    assert "no parameter `regoin`" in mistyped["evalue"]
    assert mistyped["traceback"][-1] == "Did you mean `region`?"
    assert kernel.run("%env\nA=1").texts == ["A: 1"]
    assert kernel.run("%env\nB=people").texts == ["A: 1\nB: people"]
    assert kernel.run("%sql sqlParams=t=${B}\nSELECT count(*) AS n FROM ${t}").texts == ["n\n-\n3"]


def test_python_beside_stages(kernel: Kernel) -> None:
    """Session, views and parameters are there, IPython's magics work, results and line numbers are Python's."""
    kernel.run("%params\nlimit: integer = 2")
    assert kernel.run(
        "%python\n(spark.table('people').count(), len(views['people'].columns), params['limit'])"
    ).texts == ["(3, 3, 2)"]
    assert kernel.run("%python\n%time 1 + 1").texts[-1] == "2"
    assert kernel.run("%python\nimport asyncio\nawait asyncio.sleep(0)\n'done'").texts == ["'done'"]
    error = kernel.run("%python\nx = 1\n1/0").error
    assert error["ename"] == "ZeroDivisionError"
    assert "line 3" in "".join(error["traceback"])
    assert kernel.run("%python x + 1").texts == ["2"]
    frame = kernel.run("%sql\nSELECT 41 + 1 AS n")
    assert frame.status == "ok"
    assert kernel.run("%python\n_.df.collect()[0].n").texts == ["42"]


def test_a_gate(kernel: Kernel) -> None:
    """A true outcome says so, a false one is a failure of class quality with the message."""
    assert kernel.run("%sqlvalidate\nSELECT true, 'fine'").texts[0] == "fine"
    error = kernel.run("%sqlvalidate\nSELECT false, 'three rows too many'").error
    assert error["ename"] == "QualityError"
    assert "three rows too many" in error["evalue"]


def test_a_secret_in_the_text_is_refused(kernel: Kernel) -> None:
    """As in Arc, before anything runs; the message does not repeat it."""
    shown = kernel.run('{ "type": "SQLTransform", "name": "x", "params": {"secretAccessKey": "wJalrXUtnFEMIK7"} }')
    assert "secret-in-text" in shown.error["evalue"]
    assert "wJalrXUtnFEMIK7" not in str(shown.outputs)


def test_help_version_and_list(kernel: Kernel) -> None:
    """Pages exist; an unknown topic gets a suggestion."""
    assert "%sqlvalidate" in kernel.run("%help").texts[0]
    assert "outputView" in kernel.run("%help SQLTransform").texts[0]
    assert "Did you mean `sql`?" in kernel.run("%help sqll").error["evalue"]
    assert "returnName" in kernel.run("%help deltaperioddynamicconfigurationplugin").texts[0]
    assert "Did you mean `ControlFlow`?" in kernel.run("%help ControlFlw").error["evalue"]
    version = kernel.run("%version").texts[0]
    assert [word for word in ("arcbook", "memory", "SQLTransform", "ControlFlow", "Delta") if word not in version] == []
    kernel.run("%python\nopen('a.csv', 'w').write('x' * 2048)")
    assert "2.0 KiB" in kernel.run("%list .").texts[0]


def test_nothing_to_do(kernel: Kernel) -> None:
    """Empty cells do nothing, comments hold no stage."""
    assert kernel.run("").outputs == []
    assert kernel.run("  \n ").outputs == []
    assert kernel.run("// only a comment").texts == ["No stages found."]


def test_without_an_environment_all_stages_run_and_that_is_said_once(start_kernel: StartKernel) -> None:
    """Then one is chosen, and the others are skipped."""
    kernel = start_kernel()
    assert len(kernel.run("%sql environments=uat\nSELECT 1").texts) == 2
    assert len(kernel.run("%sql environments=uat\nSELECT 1").texts) == 1
    kernel.run("%environment test")
    skipped = kernel.run("%sql environments=uat\nSELECT * FROM nothing")
    assert skipped.texts == ["skipped: environments=[uat], running test"]
    assert skipped.stages[0]["skipped"] is True
    assert kernel.run("%sql\nSELECT 1").texts == ["skipped: no environments, running test"]
    assert kernel.run("%sql environments=dev,test\nSELECT 1 AS n").texts == ["n\n-\n1"]


def test_a_launched_kernel(start_kernel: StartKernel) -> None:
    """The launcher's choices win; a missing environment is refused; secrets of its environment are hidden."""
    launch = {"run_id": "r", "launch": {"ROOT": "launched"}, "interactive": False}
    kernel = start_kernel(ARCBOOK_LAUNCH=json.dumps(launch), DB_KEY="s3cr3t-value")
    assert "no-environment" in kernel.run("%sql environments=test\nSELECT 1").error["evalue"]
    kernel.run("%environment test")
    kernel.run("%env\nROOT=from the cell")
    assert "launched" in kernel.run("%sql environments=test sqlParams=r=${ROOT}\nSELECT '${r}' AS r").texts[0]
    assert kernel.run("%secret\nDB_KEY").texts[0].splitlines()[0] == "DB_KEY: ********"
    assert "nobody can be asked" in kernel.run("%secret\nOTHER").error["evalue"]
    for cell in (
        "%sql environments=test sqlParams=k=${DB_KEY}\nSELECT '${k}' AS k, '${k}' AS `${k}`",
        "%python\nimport os\nprint(os.environ['DB_KEY'])",
        "%python\nraise ValueError(os.environ['DB_KEY'])",
    ):
        shown = kernel.run(cell)
        assert "s3cr3t-value" not in str((shown.reply, shown.outputs))
        assert "********" in str(shown.outputs)
