"""What a shell has gathered for later cells: declarations, given values, `%env`, secrets, plugins and their values."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from arcbook.core.failures import CellError
from arcbook.core.masking import MASK, masker, names_a_secret
from arcbook.core.problem import Problem

if TYPE_CHECKING:
    from arcbook.cells.declarations import Declaration
    from arcbook.cells.params import Declarations, Values
    from arcbook.stages.plugins.base import LifecyclePlugin


def _elsewhere(problem: Problem) -> Problem:
    """A parameter's problem as another cell reports it: its place is not in that cell."""
    remedy = problem.remedy
    if problem.code == "missing-parameter":
        remedy = f"{remedy.removesuffix('.')}, or run a cell `%params` with the line `{problem.key} = …`."
    return replace(problem, span=None, remedy=remedy)


@dataclass(slots=True)
class Inputs:
    """What cells without stages said so far.

    `given` are the values injected for parameters; they win over defaults whether they come before or after the
    declarations. `fixed` names those that the launcher gave: no other cell changes them. `env` keeps what earlier cells
    set: a later cell adds. `left` are members of job files that ran within a cell, `lifecycle` the active plugins.
    """

    declared: "Declarations | None" = None
    given: dict[str, Any] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)
    env: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    document: dict[str, Any] = field(default_factory=dict)
    left: dict[str, Any] = field(default_factory=dict)
    lifecycle: "tuple[LifecyclePlugin, ...]" = ()
    _added: "dict[str, tuple[LifecyclePlugin, ...]]" = field(default_factory=dict)
    _computed: dict[str, dict[str, Any]] = field(default_factory=dict)
    _cells: "dict[str, Declarations]" = field(default_factory=dict)

    def declare(self, declarations: "Declarations", cell_id: str = "") -> None:
        """Add a `%params` cell's declarations; running a cell again replaces what it declared before.

        Raises:
            CellError: a name is declared differently elsewhere, or a given value does not fit.
        """
        from arcbook.cells.params import Declarations

        key = cell_id or ",".join(declarations.by_name)
        if not cell_id:
            # Without a cell's identity the later cell wins, name by name: nobody could remove an old declaration.
            cells = {name: self._without(each, declarations) for name, each in self._cells.items()}
        else:
            cells = dict(self._cells)
        cells[key] = declarations
        merged = Declarations()
        for each in cells.values():
            merged = merged.merged(each)
        self._check(merged, self.given)
        self._cells, self.declared = cells, merged

    def give(self, values: Mapping[str, Any], *, fix: bool = False) -> None:
        """Take values for parameters, declared already or not yet; with `fix` later ones do not replace them.

        Raises:
            CellError: a value does not fit its declaration.
        """
        taken = {name: value for name, value in values.items() if fix or name not in self.fixed}
        given = {**self.given, **taken}
        if self.declared:
            self._check(self.declared, given)
        self.given = given
        if fix:
            self.fixed.update(values)

    def take_back(self, name: str) -> None:
        """Forget the value given for a parameter, so that its default holds again."""
        self.given.pop(name, None)

    def unknown(self, names: Iterable[str]) -> list[str]:
        """Those of `names` that no cell has declared, when any parameter has been declared at all."""
        return [name for name in names if self.declared and name not in self.declared.by_name]

    def values(self) -> "Values":
        """The parameters' values; a required one that has none yet is left out, see `refuse_missing`.

        A value of the launcher waits for its declaration: the launcher has seen that there is one.

        Raises:
            CellError: another value was given for a name that no cell has declared.
        """
        from arcbook.cells.params import Declarations

        declared, missing = self.declared or Declarations(), self._missing()
        known = {name: each for name, each in declared.by_name.items() if name not in missing}
        waiting = {name for name in self.fixed if name not in declared.by_name}
        given = {name: value for name, value in self.given.items() if name not in missing and name not in waiting}
        return self._bound(Declarations(known), given)

    def refuse_missing(self, used: Callable[[], Iterable[str]]) -> None:
        """Stop a cell that needs a parameter without a value; `used` tells which names it uses, when that matters.

        Raises:
            CellError: it uses such ones.
        """
        from arcbook.cells.params import Declarations

        missing = self._missing()
        if missing:
            names = set(used())
            self._bound(Declarations({name: each for name, each in missing.items() if name in names}), {})

    def _missing(self) -> "dict[str, Declaration]":
        declared = self.declared or ()
        return {each.name: each for each in declared if each.required and self.given.get(each.name) is None}

    @staticmethod
    def _bound(declared: "Declarations", given: Mapping[str, Any]) -> "Values":
        try:
            return declared.bind(given)
        except CellError as error:
            raise CellError([_elsewhere(problem) for problem in error.problems]) from None

    @property
    def plugins(self) -> dict[str, Any]:
        """The values of configuration plugins; of two of one name that of the earlier cell."""
        return self.plugins_without("")

    def plugins_without(self, cell_id: str) -> dict[str, Any]:
        """These values but for those that a cell computed when it ran before: running it again replaces them."""
        found: dict[str, Any] = {}
        for key, values in self._computed.items():
            if not cell_id or key != cell_id:
                found = {**values, **found}
        return found

    def set_plugins(self, values: dict[str, Any], cell_id: str = "") -> None:
        """Take what a cell's plugins computed; running a cell again replaces what it computed before.

        Values whose names say that they are secret are masked.
        """
        for name, value in values.items():
            if names_a_secret(name) and isinstance(value, str):
                masker().add(value)
        self._computed[cell_id or ",".join(values)] = values

    def lifecycle_without(self, cell_id: str) -> "tuple[LifecyclePlugin, ...]":
        """The active plugins but for those that a cell added when it ran before: running it again replaces them."""
        added = self._added.get(cell_id, ()) if cell_id else ()
        return tuple(plugin for plugin in self.lifecycle if plugin not in added)

    def set_lifecycle(self, active: "tuple[LifecyclePlugin, ...]", cell_id: str = "") -> None:
        """Take the plugins that are active behind a cell."""
        others = self.lifecycle_without(cell_id)
        self._added[cell_id] = tuple(plugin for plugin in active if plugin not in others)
        self.lifecycle = active

    def set_env(self, values: Mapping[str, str]) -> None:
        """Add values of `%env`; those whose names say that they are secret are masked."""
        self.env.update(values)
        for name, value in values.items():
            self.secrets.discard(name)
            if names_a_secret(name):
                self.keep_secret(name, value)

    def keep_secret(self, name: str, value: str) -> None:
        """Add a secret value, masked from now on."""
        masker().add(value)
        self.env[name] = value
        self.secrets.add(name)

    def listed(self) -> list[tuple[str, str]]:
        """Names and values of `%env` and `%secret` in order, secrets as stars."""
        return [(name, MASK if name in self.secrets else self.env[name]) for name in sorted(self.env)]

    @staticmethod
    def _check(declared: "Declarations", given: Mapping[str, Any]) -> None:
        """Bind the values that have a declaration; required ones may still be missing."""
        from arcbook.cells.params import Declarations

        concerned = {name: each for name, each in declared.by_name.items() if name in given}
        Declarations(concerned).bind({name: given[name] for name in concerned})

    @staticmethod
    def _without(old: "Declarations", new: "Declarations") -> "Declarations":
        from arcbook.cells.params import Declarations

        return Declarations({name: each for name, each in old.by_name.items() if name not in new.by_name})
