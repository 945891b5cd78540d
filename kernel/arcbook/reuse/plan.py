"""What a run is to keep of its work, and what it may take from earlier ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from arcbook.reuse.states import Place, State, address_of, state_from

Keep = Literal["never", "small", "always"]
KEEPS: tuple[Keep, ...] = ("never", "small", "always")
#: Views are kept as a matter of course when all that they come from is at most this many bytes.
SMALL_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A stage that an earlier run completed, as its record tells."""

    key: str
    run_id: str
    stage: str
    effect: str
    cell: int | None = None
    name: str = ""
    view: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[tuple[Place, State], ...] = ()
    writes: tuple[tuple[Place, State], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReusePlan:
    """What the launcher decided.

    `root` is the place of checkpoints and `keep` says which views are kept there; with `cache` unchanged work of any
    run is taken. `lineage` names the run, or the first of those that resume one another. `resume` is the run to resume,
    in the records at `records`. `written` are the tables and folders that the job writes, None when that cannot be told
    beforehand; `uncertain` those that the stage which failed may have written to. `python_done` are digests of Python
    cells that the earlier run completed and that are not to run again.
    """

    root: str = ""
    keep: Keep = "never"
    cache: bool = False
    lineage: str = ""
    resume: str = ""
    records: str = ""
    written: tuple[str, ...] | None = None
    uncertain: tuple[str, ...] = ()
    python_done: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for the launcher's message."""
        return {
            "root": self.root, "keep": self.keep, "cache": self.cache, "lineage": self.lineage, "resume": self.resume,
            "records": self.records, "written": None if self.written is None else list(self.written),
            "uncertain": list(self.uncertain), "python_done": list(self.python_done),
        }  # fmt: skip


def plan_from(values: Mapping[str, Any]) -> ReusePlan:
    """The plan in a launcher's message."""
    keep = values.get("keep")
    written = values.get("written")
    return ReusePlan(
        root=str(values.get("root") or ""),
        keep=cast("Keep", keep) if keep in KEEPS else "never",
        cache=bool(values.get("cache")),
        lineage=str(values.get("lineage") or ""),
        resume=str(values.get("resume") or ""),
        records=str(values.get("records") or ""),
        # Relative addresses start at the kernel's folder, so they are completed here.
        written=tuple(address_of(str(each)) for each in written) if isinstance(written, list) else None,
        uncertain=tuple(address_of(str(each)) for each in values.get("uncertain") or ()),
        python_done=tuple(map(str, values.get("python_done") or ())),
    )


def done_from(run_id: str, notes: Iterable[Mapping[str, Any]]) -> tuple[Done, ...]:
    """The completed stages that a record tells of, in their order; `notes` are its notes of stages as plain values."""
    found = []
    for note in notes:
        reuse = note.get("reuse") or {}
        if note.get("skipped") or not reuse.get("key"):
            continue
        found.append(
            Done(
                key=str(reuse["key"]),
                run_id=str(reuse.get("from") or run_id),
                stage=str(note.get("stage", "")),
                effect=str(reuse.get("effect", "")),
                cell=note.get("cell"),
                name=str(note.get("name", "")),
                view=note.get("view"),
                details=note.get("details") or {},
                values=reuse.get("values") or {},
                inputs=_states(reuse.get("inputs")),
                writes=_states(reuse.get("writes")),
            )
        )
    return tuple(found)


def _states(values: Any) -> tuple[tuple[Place, State], ...]:
    listed: Sequence[Any] = values if isinstance(values, list) else ()
    return tuple(
        (Place(str(each.get("address", "")), delta=bool(each.get("delta"))), state_from(each)) for each in listed
    )
