"""Pack the token function's source so that the same source always gives the same bytes.

Terraform names the archive by its hash: whatever differed by itself (times, order, modes) would redeploy the function.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "functions" / "token"
TARGET = ROOT / "build" / "token.zip"
REQUIRED = ("main.py", "requirements.txt")
# What the buildpack runs or reads. requirements.in and notes stay out: they would redeploy without changing anything.
SUFFIXES = (".py", ".json")
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold


def source_files(source: Path = SOURCE) -> list[Path]:
    """The files that belong into the archive, in a fixed order, relative to `source`."""
    found = [
        path.relative_to(source)
        for path in source.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and (path.suffix in SUFFIXES or path.relative_to(source).as_posix() in REQUIRED)
        and not any(part.startswith((".", "__pycache__")) for part in path.relative_to(source).parts)
    ]
    missing = [name for name in REQUIRED if Path(name) not in found]
    if missing:
        raise SystemExit(f"token-zip: {source} has no {' and no '.join(missing)}; the function cannot be built.")
    return sorted(found, key=lambda path: path.as_posix())


def write_archive(target: Path = TARGET, source: Path = SOURCE) -> str:
    """Write the archive and return its SHA-256. Stored, not deflated: zlib's output differs between versions."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in source_files(source):
            entry = zipfile.ZipInfo(path.as_posix(), LONG_AGO)
            entry.external_attr = 0o100644 << 16
            entry.create_system = 3  # Unix, wherever this runs
            archive.writestr(entry, (source / path).read_bytes())
    return hashlib.sha256(target.read_bytes()).hexdigest()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--target", type=Path, default=TARGET, help="where to write it (build/token.zip)")
    target: Path = parser.parse_args(arguments).target
    digest = write_archive(target)
    print(f"{target}  {target.stat().st_size} bytes  sha256 {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
