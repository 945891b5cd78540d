"""Our own readers: listing, delimited text, JSON inference, order of rows."""

import io
from pathlib import Path

import pytest

from arcbook.core.failures import InputError
from arcbook.core.settings import RunSettings
from arcbook.engines.base import Engine
from arcbook.runners.executor import Executor
from arcbook.runners.reading.delimited_text import Dialect, column_names, first_record, tables
from arcbook.runners.reading.json_text import ddl, infer, json_line, record_texts
from arcbook.runners.reading.listing import glob_regex, list_sources
from tests.kernel.running import rows, run_text


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/a/*.csv", "/a/b.csv", True),
        ("/a/*.csv", "/a/b/c.csv", False),
        ("/a/?.csv", "/a/bc.csv", False),
        ("/a/[b-d].csv", "/a/c.csv", True),
        ("/a/[^b].csv", "/a/b.csv", False),
        ("/a/{x,y}/*.csv", "/a/y/1.csv", True),
        ("/a/{x,y}/*.csv", "/a/z/1.csv", False),
        ("/a/b.csv", "/a/bxcsv", False),
        (r"/a/\*.csv", "/a/*.csv", True),
    ],
)
def test_hadoop_patterns(pattern: str, path: str, matches: bool) -> None:  # a table of cases
    """Patterns mean what they mean to Hadoop."""
    assert bool(glob_regex(pattern).fullmatch(path)) is matches


def test_listing_passes_over_hidden_files_and_foreign_folders(tmp_path: Path) -> None:
    """Only files of the folder and of partitions below it count; names are escaped in addresses."""
    for name in ("b c.csv", "_x.csv", ".y.csv", "sub/z.csv", "d=1/e=%2F/p.csv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = list_sources(tmp_path.as_uri()).files
    assert [source.uri.rpartition("/")[2] for source in found] == ["b%20c.csv", "p.csv"]
    assert found[1].partitions == (("d", "1"), ("e", "/"))


@pytest.mark.parametrize("quoted", [False, True])
def test_quick_and_careful_reading_agree(quoted: bool) -> None:  # a table of cases
    """A block that pyarrow may read gives the rows that the careful reader gives."""
    value = '"v,{}"' if quoted else "v{}"
    lines = "".join(f"{number},{value.format(number)},,é\n" for number in range(1000))
    quick = _rows(f"a,b,c,d\n{lines}", Dialect(header=True))
    careful = _rows(f'a,b,c,d\n{lines}"x""y",1,2,3\n', Dialect(header=True))
    assert quick == careful[:-1]
    assert careful[-1] == ('"x""y"', "1", "2", "3")


def test_blocks_do_not_cut_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a block ends, every row is whole and the header is left out once."""
    text = "h1,h2\n" + "".join(f"{number},é{number}\n" for number in range(200))
    for size in (3, 7, 64):
        monkeypatch.setattr("arcbook.runners.reading.delimited_text._BLOCK_BYTES", size)
        assert _rows(text, Dialect(header=True)) == [(str(number), f"é{number}") for number in range(200)]


def _rows(text: str, dialect: Dialect) -> list[tuple[str | None, ...]]:
    data = text.encode()
    first = first_record(io.BytesIO(data), dialect)
    assert first is not None
    width = len(column_names(first, header=True))
    blocks = tables(io.BytesIO(data), dialect, width)
    return [row for block in blocks for row in zip(*(column.to_pylist() for column in block), strict=True)]


def test_json_types_are_united() -> None:
    """Whole numbers widen, kinds that do not agree become text, empty objects vanish."""
    records = ['{"a":1,"b":[1],"c":{}}', '{"a":2.5,"b":["x"],"d":null}', '{"a":12345678901234567890}']
    found, corrupt = infer(records)
    assert {name: ddl(kind) for name, kind in found.items()} == {"a": "DOUBLE", "b": "ARRAY<STRING>", "d": "STRING"}
    assert corrupt is False


def test_json_members_are_taken_as_written() -> None:
    """Numbers keep their digits, brackets in text close nothing."""
    text = '[{"a": 1.50, "b": "]"},\n {"a": 2}]'
    assert list(record_texts(text, multi_line=True)) == ['{"a": 1.50, "b": "]"}', '{"a": 2}']


def test_json_lines_are_written_as_java_writes_numbers() -> None:
    """Doubles have exponents where Java's have."""
    row = {"a": 1e20, "b": 0.0001, "c": 12345678.0, "d": 1.5, "e": None, "f": [None, 1], "g": "é\n"}
    assert json_line(row) == '{"a":1.0E20,"b":1.0E-4,"c":1.2345678E7,"d":1.5,"f":[null,1],"g":"é\\n"}\n'


def test_index_of_a_big_file(executor: Executor, tmp_path: Path) -> None:
    """The index follows the rows of a file that the engine would read in pieces, in whatever order."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    count = 300_000
    table = pa.table({"n": pa.array(range(count)), "s": pa.array([f"{number:064x}" for number in range(count)])})
    pq.write_table(table, tmp_path / "big.parquet", row_group_size=20_000, compression="none", use_dictionary=False)
    assert (tmp_path / "big.parquet").stat().st_size > 20_000_000
    run_text(
        executor,
        f'{{"type": "ParquetExtract", "name": "r", "inputURI": "{tmp_path}/big.parquet", "outputView": "big"}}',
    )
    query = "SELECT count(*), count_if(_index <> n + 1) FROM big"
    text = f'{{"type": "SQLTransform", "name": "q", "outputView": "o", "sql": "{query}"}}'
    assert rows(run_text(executor, text)) == [(count, 0)]


def test_a_folder_whose_name_is_a_pattern(
    embedded_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hadoop's patterns know no folder `a [1]`; where a job stands in one, the message says why nothing is found."""
    (tmp_path / "a [1]").mkdir()
    (tmp_path / "a [1]" / "in.csv").write_text("k\nx\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "a [1]")
    text = '{"type": "DelimitedExtract", "name": "r", "inputURI": "in.csv", "outputView": "v", "header": true}'
    with pytest.raises(InputError, match="sign of patterns"):
        run_text(Executor(embedded_engine, RunSettings()), text)
