"""What is held back: by a check, or by people; nothing is lost by it, and no model reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.common.errors import CswError, WrongArgument
from flows.common.settings import Settings
from flows.landing.archive import Archive
from flows.landing.catalogue import held_path, landed_path, read_catalogue, read_columns, read_held
from flows.landing.land import land_folders, land_returns
from flows.landing.quarantine import (
    Quarantined,
    describe_quarantine,
    held_documents,
    hold,
    read_quarantine,
    release,
    retry,
    unseen,
)
from flows.landing.withdrawal import withdraw
from flows.landing.withdrawn import read_withdrawn
from flows.stages.land import land
from flows.stages.report import RunReport, Stopwatch
from tests.made_up import B1_NAME, b1, put

KEY = ("dfe_cin", "b1_children_in_need", "2022")
NAME_2024 = "b1_children_in_need_2013_to_2024.csv"
REPORT = "80429_birmingham_children-s-services-inspection-19-october-2012.pdf"


@pytest.fixture
def two(settings: Settings, tmp_path: Path) -> Settings:
    """Two landed editions of a table, and a document."""
    put(tmp_path / "in", B1_NAME, b1())
    put(tmp_path / "in", NAME_2024, b1(years=(2023, 2024)))
    put(tmp_path / "in", REPORT, b"%PDF-1.4 of nothing")
    land_returns(settings, tmp_path / "in", workers=1)
    return settings


def entry(settings: Settings, edition: str = "2022", code: str = "now") -> Quarantined:
    e = next(x for x in [*read_catalogue(settings), *read_held(settings)] if x.edition == edition)
    return Quarantined(
        e.source, e.table_name, e.edition, e.file, e.sha256, "test t", "two rows fail", "mend it", "2026-01-01", code
    )


def in_use(settings: Settings) -> list[str]:
    return [x.edition for x in read_catalogue(settings)]


def test_a_table_held_back_is_read_by_no_model_and_lost_by_nobody(two: Settings, tmp_path: Path) -> None:
    good = landed_path(two, *KEY).read_bytes()
    hold(two, [entry(two)])
    assert in_use(two) == ["2024"]
    assert KEY not in read_columns(two)
    assert not landed_path(two, *KEY).exists()
    assert held_path(two, *KEY).read_bytes() == good
    said = describe_quarantine(two)
    for words in ("dfe_cin b1_children_in_need 2022", B1_NAME, "test t", "two rows fail", "What to do: mend it"):
        assert words in said
    # Delivered again it stays where it is, and takes nobody else's place.
    report = land_returns(two, tmp_path / "in", workers=1)
    assert (report.landed, report.refused) == ([], [])
    put(tmp_path / "in", B1_NAME, b1(figure=lambda code, year, column: "7"))
    assert [x.edition for x in land_returns(two, tmp_path / "in", workers=1).landed] == ["2022-r2"]
    assert in_use(two) == ["2022-r2", "2024"]
    release(two, read_quarantine(two))
    assert in_use(two) == ["2022", "2022-r2", "2024"]
    assert landed_path(two, *KEY).read_bytes() == good
    assert describe_quarantine(two) == "Nothing is held back."


def test_it_is_tried_again_when_what_it_was_checked_with_changes(two: Settings) -> None:
    hold(two, [entry(two, code="then"), entry(two, "2024", code="now")])
    assert [q.edition for q in retry(two, "now")] == ["2022"]
    assert in_use(two) == ["2022"]
    assert [q.edition for q in read_quarantine(two)] == ["2024"]


def test_it_is_tried_again_when_the_archive_is_read_again(two: Settings) -> None:
    hold(two, [entry(two)])
    (two.landing / "ledger.json").unlink()
    land_folders(two, [])
    assert in_use(two) == ["2022", "2024"]
    assert read_quarantine(two) == []


def test_a_held_table_that_is_damaged_is_made_again_and_stays_held(two: Settings) -> None:
    hold(two, [entry(two)])
    good = held_path(two, *KEY).read_bytes()
    held_path(two, *KEY).unlink()
    land_folders(two, [])
    assert held_path(two, *KEY).read_bytes() == good
    assert in_use(two) == ["2024"]


def test_a_hold_that_was_cut_off_is_made_good(two: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    import flows.landing.quarantine as quarantining

    def dies(before: Path, after: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(quarantining, "_rename", dies)
    with pytest.raises(KeyboardInterrupt):
        hold(two, [entry(two)])
    monkeypatch.undo()
    land_folders(two, [])
    # Its reason was not written yet: it is in use, and will be checked again.
    assert (in_use(two), read_held(two)) == (["2022", "2024"], [])


def test_people_withdraw_a_table_and_take_it_back(two: Settings) -> None:
    with pytest.raises(CswError, match="say why"):
        withdraw(two, "dfe_cin", "2022")
    lines = withdraw(two, "dfe_cin", "2022", reason="the publisher withdrew it")
    assert [(w.source, w.table_name, w.edition) for w in lines] == [KEY]
    assert in_use(two) == ["2024"]
    assert "the publisher withdrew it" in describe_quarantine(two)
    assert len(Archive(two.archive).all()) == 3
    # Also when everything is made anew.
    (two.landing / "ledger.json").unlink()
    land_folders(two, [])
    assert in_use(two) == ["2024"]
    with pytest.raises(CswError, match="withdrawn already"):
        withdraw(two, "dfe_cin", "2022", reason="again")
    withdraw(two, B1_NAME, undo=True)
    assert in_use(two) == ["2022", "2024"]
    assert read_withdrawn(two) == []
    lines = (two.archive / "withdrawn.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["withdraw", "restore"]


def test_people_withdraw_a_document(two: Settings) -> None:
    sha = next(p.sha256 for _, p in Archive(two.archive).all("ofsted_reports"))
    withdraw(two, REPORT, reason="of no authority")
    assert held_documents(two) == {sha}
    withdraw(two, sha[:10], undo=True)
    assert held_documents(two) == frozenset()


def test_a_table_both_withdrawn_and_quarantined_comes_back_when_both_are_over(two: Settings) -> None:
    hold(two, [entry(two)])
    assert [q.edition for q in unseen(two)] == ["2022"]
    withdraw(two, "dfe_cin", "2022", "b1_children_in_need", reason="no")
    # People have seen to it: it is no trouble any more.
    assert unseen(two) == []
    retry(two, "other")
    assert in_use(two) == ["2024"]
    withdraw(two, "dfe_cin", "2022", undo=True)
    assert in_use(two) == ["2022", "2024"]


@pytest.mark.parametrize(
    ("what", "says"),
    [
        (("nothing.csv", "", ""), "no file of that name is in the archive"),
        (("dfe_xyz", "2022", ""), "Known: dfe_cin"),
        (("dfe_cin", "2031", ""), "no edition 2031. Known: 2022, 2024"),
        (("dfe_cin", "2022", "b9"), "no table b9. Known: b1_children_in_need"),
    ],
)
def test_what_is_not_there_is_said(two: Settings, what: tuple[str, str, str], says: str) -> None:
    with pytest.raises(WrongArgument, match=says):
        withdraw(two, *what, reason="why not")


def test_two_files_of_one_name_are_told_apart_by_hash(two: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1(figure=lambda code, year, column: "7"))
    land_returns(two, tmp_path / "in", workers=1)
    with pytest.raises(CswError, match="2 files are called so"):
        withdraw(two, B1_NAME, reason="which?")
    newer = next(x for x in read_catalogue(two) if x.edition == "2022-r2")
    withdraw(two, newer.sha256[:12], reason="this one")
    assert in_use(two) == ["2022", "2024"]


def test_an_odd_list_of_withdrawals_is_said_and_an_odd_quarantine_is_tried_again(two: Settings) -> None:
    hold(two, [entry(two)])
    (two.landing / ".held" / "quarantine.json").write_text("{")
    land_folders(two, [])
    assert in_use(two) == ["2022", "2024"]
    (two.archive / "withdrawn.csv").write_text("action,when\nwithdraw,now\n")
    with pytest.raises(CswError, match=r"withdrawn\.csv: the column 'at' is missing"):
        land_folders(two, [])


def test_a_withdrawal_is_never_lost_by_a_list_that_is_not_whole(two: Settings) -> None:
    withdraw(two, "dfe_cin", "2022", reason='a "quoted",\nreason')
    path = two.archive / "withdrawn.csv"
    whole, held = path.read_bytes(), read_withdrawn(two)
    assert held
    # Saved by a spreadsheet program.
    path.write_bytes(b"\xef\xbb\xbf" + whole.replace(b"\n", b"\r\n"))
    assert [w.sha256 for w in read_withdrawn(two)] == [w.sha256 for w in held]
    for damaged, says in (
        (b"", "the column 'action' is missing"),
        (whole[: whole.index(held[0].sha256.encode()) + 20], "line 2: the row ends before column 'reason'"),
        (whole.replace(b"\nwithdraw,", b"\nWithdrawn,"), "line 3: the action is 'Withdrawn'"),
        (whole.replace(held[0].sha256.encode(), b"1.2E+30"), "line 3: '1.2E\\+30' is no sha256"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(CswError, match=says):
            read_withdrawn(two)


def test_what_a_later_state_has_taken_the_place_of_is_waited_for_no_more(two: Settings, tmp_path: Path) -> None:
    hold(two, [entry(two)])
    put(tmp_path / "again", B1_NAME, b1(figure=lambda code, year, column: "101" if "rate" not in column else "250.5"))
    land_returns(two, tmp_path / "again", workers=1)
    assert in_use(two) == ["2022-r2", "2024"]
    assert unseen(two) == []
    assert retry(two, "another") == []
    assert "1 quarantined of which a later state is in use" in describe_quarantine(two)
    # Read anew from the archive it stays where it is; and where the later one is held back too, it is waited for again.
    (two.landing / "ledger.json").unlink()
    land_folders(two, [], workers=1)
    assert in_use(two) == ["2022-r2", "2024"]
    hold(two, [entry(two, "2022-r2")])
    assert {q.edition for q in unseen(two)} == {"2022", "2022-r2"}


def test_a_corrected_file_spares_a_retry_of_what_it_corrects(two: Settings, tmp_path: Path) -> None:
    hold(two, [entry(two, code="before")])
    corrected = b1(figure=lambda code, year, column: "101" if "rate" not in column else "250.5")
    put(tmp_path / "again", B1_NAME, corrected)
    report = RunReport()
    land(two, tmp_path / "again", report, Stopwatch(report, lambda _: None), live=False)
    assert in_use(two) == ["2022-r2", "2024"]
    assert unseen(two) == []
