"""A declared parameter: what may be given for it, and how that is said."""

import json
import re
from dataclasses import dataclass
from typing import Any

from arcbook.cells.parameter_types import ParameterType, ValueProblemError
from arcbook.cells.secrets import Secret
from arcbook.core.span import Span


@dataclass(frozen=True, slots=True)
class Declaration:
    """One parameter. `default` is None for a required one, and for an optional one without a default."""

    name: str
    type: ParameterType
    required: bool = True
    default: Any = None
    minimum: Any = None
    maximum: Any = None
    pattern: str | None = None
    help: str = ""
    span: Span | None = None

    def read(self, value: Any) -> Any:
        """A given value in the declared type.

        Raises:
            ValueProblemError: it does not fit the type, the limits or the pattern.
        """
        read = self.type.read(value)
        if not isinstance(read, list):
            self._limited(read, self.type)
            return read
        for position, item in enumerate(read, start=1):
            try:
                self._limited(item, self.type.item or self.type)
            except ValueProblemError as error:
                expected = f"a list of {self.type.item}; item {position} must be {error.expected}"
                raise ValueProblemError(expected, error.remedy) from None
        return read

    def _limited(self, item: Any, type_: ParameterType) -> None:
        low, high = self.minimum, self.maximum
        if (low is not None and item < low) or (high is not None and item > high):
            raise ValueProblemError(f"{type_} {self.limits()}")
        if self.pattern is not None and not re.fullmatch(self.pattern, str(item)):
            raise ValueProblemError(f"text that matches /{self.pattern}/")

    def limits(self) -> str:
        """The limits in words (`between 0 and 1`, `at least 2020-01-01`), empty without any."""
        type_ = self.type.item or self.type
        low, high = (None if limit is None else type_.text(limit) for limit in (self.minimum, self.maximum))
        if low is not None and high is not None:
            return f"between {low} and {high}"
        if low is not None:
            return f"at least {low}"
        return f"at most {high}" if high is not None else ""

    def example(self) -> str:
        """A value that fits, as one writes it on a command line; empty when only its author could name one.

        It is the default, a limit, or one of the type's.
        """
        if self.default and not isinstance(self.default, Secret):
            return self.written(self.default)
        limit = next((each for each in (self.minimum, self.maximum) if each is not None), None)
        if limit is not None:
            return self.written([limit] if self.type.item else limit)
        example = self.type.example()
        try:
            self.read(example)
        except ValueProblemError:
            return ""
        return example

    def same(self, other: "Declaration") -> bool:
        """Whether both say the same, wherever they stand (a cell may be run twice)."""
        return self._facts() == other._facts()

    def _facts(self) -> tuple[Any, ...]:
        default = self.default.address if isinstance(self.default, Secret) else self.default
        return (self.name, self.type, self.required, default, self.minimum, self.maximum, self.pattern)

    def default_text(self) -> str | None:
        """The default as text to show or pass on; a secret's address, never its value."""
        if self.default is None:
            return None
        return self.default.address if isinstance(self.default, Secret) else self.written(self.default)

    def written(self, value: Any) -> str:
        """A value as one gives it on a command line: a list as JSON, for commas in its items would separate them."""
        if not isinstance(value, list):
            return self.type.text(value)
        item = self.type.item or self.type
        kept = [each if isinstance(each, bool | int | float) else item.text(each) for each in value]
        return json.dumps(kept, ensure_ascii=False)

    def rules(self) -> str:
        """Limits and pattern in words, empty without any."""
        pattern = f"matching /{self.pattern}/" if self.pattern is not None else ""
        return ", ".join(part for part in (self.limits(), pattern) if part)

    def summary(self) -> str:
        """Type, limits, pattern, default and help on one line."""
        default = "required" if self.required else f"default {self.default_text() or 'none'}"
        facts = ", ".join(part for part in (str(self.type), self.rules(), default) if part)
        return f"{facts}{f': {self.help}' if self.help else ''}"
