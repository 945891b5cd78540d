"""DeltaPeriodDynamicConfigurationPlugin."""

from collections.abc import Mapping
from datetime import UTC, date, timedelta
from typing import Annotated, ClassVar

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from arcbook.core.settings import RunSettings
from arcbook.schemas.dateformat import format_date, parse_date
from arcbook.schemas.datepattern import PatternError
from arcbook.schemas.model import WHOLE
from arcbook.stages.plugins.base import ConfigPlugin

#: A period of ten years in days: more would be a mistake, and no glob of a path takes it.
_LONGEST = 3660

_CODE = "wrong-value"

Days = Annotated[int, Field(strict=True, ge=0, le=_LONGEST), WHOLE]


def _wrong(message: str, remedy: str) -> PydanticCustomError:
    return PydanticCustomError(
        "date", "{message}", {"message": message, "remedy": remedy, "at": "value", "code": _CODE}
    )


class DeltaPeriodDynamicConfigurationPlugin(ConfigPlugin):
    """Compute the days around a date, for paths such as `{2026-01-29,2026-01-30}/*.csv`.

    The value is a text: the days from `currentDate - lagDays` to `currentDate + leadDays`, both included, earliest
    first, separated by commas. Without `currentDate` the day of the run's logical time (UTC) counts, so that a retry
    or a backfill reads the same days; Arc takes the clock's.
    """

    example: ClassVar[str] = """
{
  "type": "DeltaPeriodDynamicConfigurationPlugin",
  "environments": ["test"],
  "returnName": "ETL_CONF_DELTA_PERIOD",
  "lagDays": 10,
  "leadDays": 1,
  "formatter": "uuuu-MM-dd"
}
"""

    return_name: Annotated[str, Field(min_length=1, description="Name under which `${name}` finds the value.")]
    lag_days: Annotated[Days, Field(description="Days before the date.")]
    lead_days: Annotated[Days, Field(description="Days after the date.")]
    formatter: Annotated[str, Field(min_length=1, description="Pattern of a day in Java's letters: `uuuu-MM-dd`.")]
    current_date: Annotated[
        str | None, Field(description="The date, written as `formatter` says; by default that of the run.")
    ] = None

    @field_validator("formatter")
    @classmethod
    def _writes_dates(cls, pattern: str) -> str:
        try:
            format_date(date(2000, 1, 1), pattern)
        except PatternError as error:
            raise _wrong(f"`{pattern}` writes no date: {error}", "Write for example `uuuu-MM-dd`.") from None
        return pattern

    @field_validator("current_date")
    @classmethod
    def _is_date(cls, text: str | None, info: ValidationInfo) -> str | None:
        pattern = info.data.get("formatter")
        if text is None or pattern is None:
            return text  # without a pattern there is nothing to compare with
        if parse_date(text, pattern) is None:
            today = format_date(date(2026, 1, 31), pattern)
            raise _wrong(f"`{text}` is no date of the form `{pattern}`", f"Write it like `{today}`.")
        return text

    def values(self, settings: RunSettings) -> Mapping[str, str]:
        """One value under `returnName`."""
        given = parse_date(self.current_date, self.formatter) if self.current_date is not None else None
        middle = given or settings.logical_time.astimezone(UTC).date()
        days = [middle + timedelta(days=offset) for offset in range(-self.lag_days, self.lead_days + 1)]
        return {self.return_name: ",".join(format_date(day, self.formatter) for day in days)}
