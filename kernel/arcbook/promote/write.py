"""Writing a promotion into a folder: whole or not at all."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from arcbook.core.failures import AccessError, CellError
from arcbook.promote.load import load_bundle
from arcbook.promote.prepare import Promotion


@dataclass(frozen=True, slots=True)
class Written:
    """What lies where after writing. `stale` are manifests of the same job from before, which this promotion lacks."""

    bundle: Path
    manifests: tuple[Path, ...]
    stale: tuple[Path, ...] = ()


def write(promotion: Promotion, folder: Path) -> Written:
    """Write bundle and manifests below `folder`.

    All is first written into a temporary folder beside them. The bundle comes first, so that no manifest ever names one
    that is not there; a bundle that is there already is left alone when it is sound and replaced when it is damaged.

    Raises:
        AccessError: the folder cannot be written.
    """
    target = folder / "bundles" / promotion.bundle.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".arcbook-", dir=folder) as temporary:
            _place_bundle(promotion, Path(temporary), target)
            made = []
            for name, text in promotion.manifests.items():
                part = Path(temporary) / name
                part.write_bytes(text.encode())
                made.append(part)
            manifests = tuple(part.replace(folder / part.name) for part in made)
    except OSError as error:
        raise AccessError(f"cannot write to {folder}: {error.strerror or error}") from error
    stale = {path for path in folder.glob(f"{promotion.job.name}.*.yaml") if path.name not in promotion.manifests}
    return Written(target, manifests, tuple(sorted(stale)))


def _place_bundle(promotion: Promotion, temporary: Path, target: Path) -> None:
    if target.exists():
        try:
            load_bundle(str(target))
        except CellError:
            shutil.move(target, temporary / "damaged")
        else:
            return
    part = temporary / promotion.bundle.name
    for path, content in promotion.bundle.all_files().items():
        (part / path).parent.mkdir(parents=True, exist_ok=True)
        (part / path).write_bytes(content)
    target.parent.mkdir(parents=True, exist_ok=True)
    part.replace(target)
