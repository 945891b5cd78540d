"""A statement that changes a view changes what the view stands for."""

import pytest

from arcbook.sql.rewrite import delta_path, respelled, retarget, retargeted

TARGET = {"History": "delta.`s3://lake/h`"}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "MERGE INTO history t USING new s ON t.id = s.id WHEN MATCHED THEN DELETE",
            "MERGE INTO delta.`s3://lake/h` t USING new s ON t.id = s.id WHEN MATCHED THEN DELETE",
        ),
        (
            "merge into history using new on history.id = new.id when matched then update set history.a = new.a",
            (
                "merge into delta.`s3://lake/h` AS history using new on history.id = new.id"
                " when matched then update set history.a = new.a"
            ),
        ),
        (
            "merge into `History` as h using (select * from history) s on h.id = s.id when not matched then insert *",
            (
                "merge into delta.`s3://lake/h` as h using (select * from history) s on h.id = s.id"
                " when not matched then insert *"
            ),
        ),
        ("insert into HISTORY select * from history", "insert into delta.`s3://lake/h` select * from history"),
        ("insert into history (a, b) values (1, 2)", "insert into delta.`s3://lake/h` (a, b) values (1, 2)"),
        ("update history set a = 1", "update delta.`s3://lake/h` AS history set a = 1"),
        ("delete from history where a = 1", "delete from delta.`s3://lake/h` AS history where a = 1"),
        ("delete from history h where h.a = 1", "delete from delta.`s3://lake/h` h where h.a = 1"),
        ("select * from history", "select * from history"),
        ("drop table history", "drop table history"),
        ("insert into other select * from history", "insert into other select * from history"),
        ("insert into db.history values (1)", "insert into db.history values (1)"),
        ("delete from delta.`history`", "delete from delta.`history`"),
        ("delete from history_2", "delete from history_2"),
    ],
)
def test_retarget(sql: str, expected: str) -> None:
    """Only the target is replaced; what is read stays."""
    assert retarget(sql, TARGET) == expected


def test_places_survive() -> None:
    """An offset behind the replaced name leads back to the author's text."""
    sql = "merge into history t using new s\n  on t.id = s.nosuch when matched then delete"
    rendered = retargeted(sql, TARGET)
    at = rendered.text.index("nosuch")
    assert rendered.source_range(at, at + 6) == (sql.index("nosuch"), sql.index("nosuch") + 6)
    assert rendered.source_range(rendered.text.index("delta"), rendered.text.index(" t using")) == (11, 18)


def test_a_path_is_quoted() -> None:
    """A backtick in a path cannot end the name."""
    assert delta_path("/a`b") == "delta.`/a``b`"


def test_names_are_spelt_as_the_engine_knows_them() -> None:
    """A view named in another case is found on an engine that minds case; a common table expression is not a view."""
    sql = "with c as (select People.id from People p join PLACES on 1 = 1) select * from c, C join `people`"
    rendered = respelled(sql, ["people", "places", "c"])
    assert rendered.text == sql.replace("from People p join PLACES", "from `people` p join `places`")
    assert rendered.source_offset(rendered.text.index("p join")) == sql.index("p join")
