"""Files put out for people: whole, once, private, listed by day, and expired."""

from datetime import date
from pathlib import Path

import pytest

from shared.infra.folders import DatedFolder, OtherFileThere, PutOut

ON, LATER = date(2024, 4, 3), date(2024, 4, 4)


@pytest.fixture
def folder(tmp_path: Path) -> DatedFolder:
    return DatedFolder(tmp_path / "files")


def test_a_file_lies_under_its_organisation_and_day_for_its_owner_only(
    folder: DatedFolder, tmp_path: Path
) -> None:
    folder.put("QH8", ON, "run.csv", b"pounds")
    place = tmp_path / "files" / "QH8" / "2024-04-03" / "run.csv"
    assert place.read_bytes() == b"pounds"
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.parent.stat().st_mode & 0o777 == 0o700
    assert [one.name for one in place.parent.iterdir()] == ["run.csv"]
    assert folder.has("QH8", ON, "run.csv")
    assert not folder.has("RAJ", ON, "run.csv")


def test_the_same_again_changes_nothing_and_other_contents_are_refused(
    folder: DatedFolder, tmp_path: Path
) -> None:
    folder.put("QH8", ON, "run.csv", b"pounds")
    (place,) = (tmp_path / "files").rglob("run.csv")
    written = place.stat().st_mtime_ns
    folder.put("QH8", ON, "run.csv", b"pounds")
    assert place.stat().st_mtime_ns == written
    with pytest.raises(OtherFileThere):
        folder.put("QH8", ON, "run.csv", b"more pounds")
    assert place.read_bytes() == b"pounds"


def test_what_a_crash_left_half_written_is_not_shown_and_does_not_hinder(
    folder: DatedFolder, tmp_path: Path
) -> None:
    folder.put("QH8", ON, "run.csv", b"pounds")
    half = tmp_path / "files" / "QH8" / "2024-04-03" / ".other.csv.1"
    half.write_bytes(b"pou")
    assert [file.name for file in folder.listed("QH8")] == ["run.csv"]
    folder.put("QH8", ON, "other.csv", b"pounds")
    assert [file.name for file in folder.listed("QH8")] == ["other.csv", "run.csv"]


def test_files_are_listed_newest_day_first_for_one_organisation(folder: DatedFolder) -> None:
    assert folder.listed("QH8") == []
    folder.put("QH8", ON, "a.csv", b"1")
    folder.put("QH8", LATER, "b.csv", b"22")
    folder.put("RAJ", LATER, "c.csv", b"333")
    assert folder.listed("QH8") == [
        PutOut("QH8", LATER, "b.csv", 2),
        PutOut("QH8", ON, "a.csv", 1),
    ]


def test_days_expire_whole(folder: DatedFolder) -> None:
    folder.put("QH8", ON, "a.csv", b"1")
    folder.put("QH8", LATER, "b.csv", b"22")
    assert folder.expire("QH8", ON) == 0
    assert folder.expire("QH8", LATER) == 1
    assert [file.name for file in folder.listed("QH8")] == ["b.csv"]


@pytest.mark.parametrize("name", ["../run.csv", "a/b.csv", ".hidden", ""])
def test_names_are_plain(folder: DatedFolder, name: str) -> None:
    with pytest.raises(ValueError, match="plain name"):
        folder.put("QH8", ON, name, b"pounds")
