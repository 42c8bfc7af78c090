"""Where other users of the host may write, the spool follows no links and shows nothing."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairlead_sdk.delivery import Tally
from fairlead_sdk.process import ensure_delivery
from fairlead_sdk.settings import Settings
from fairlead_sdk.spool import Spool
from fairlead_sdk.testing import Receiver
from fairlead_sdk.totals import Totals

NOW = datetime(2026, 11, 1, tzinfo=UTC)
OTHER_USER = 12345

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to other users")


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """As /tmp: everybody may write, each only to his own."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


@as_root
@pytest.mark.parametrize("inside", ["spool", "fairlead-0/spool"])
def test_a_folder_of_another_user_takes_no_events(shared: Path, inside: str) -> None:
    first = shared / Path(inside).parts[0]
    first.mkdir()
    os.chown(first, OTHER_USER, OTHER_USER)
    spool = Spool(shared / inside)
    with pytest.raises(PermissionError, match="belongs to another user"):
        spool.append("{}", NOW)
    assert not [path for path in first.rglob("*") if path.is_file()]


@as_root
@pytest.mark.parametrize("inside", ["spool", "fairlead-0/spool"])
def test_a_link_of_another_user_is_not_followed(shared: Path, tmp_path: Path, inside: str) -> None:
    mine = tmp_path / "mine"
    (mine / "spool").mkdir(parents=True)
    first = shared / Path(inside).parts[0]
    first.symlink_to(mine)
    os.lchown(first, OTHER_USER, OTHER_USER)
    with pytest.raises(PermissionError, match="belongs to another user"):
        Spool(shared / inside).append("{}", NOW)
    assert not [path for path in mine.rglob("*") if path.is_file()]


@as_root
def test_nothing_is_delivered_from_a_folder_of_another_user(
    shared: Path, receiver: Receiver
) -> None:
    """Its events would travel with a key that is not theirs."""
    folder = shared / "spool"
    Spool(folder).append("{}", NOW)
    for path in (*folder.rglob("*"), folder):
        os.chown(path, OTHER_USER, OTHER_USER)
    settings = Settings.from_dict({"spool": str(folder), "url": receiver.url})
    with pytest.raises(PermissionError, match="belongs to another user"):
        ensure_delivery(settings)


def test_a_folder_of_our_own_among_those_of_others_is_used(shared: Path) -> None:
    spool = Spool(shared / "fairlead-0" / "spool")
    spool.append("{}", NOW)
    spool.append("{}", NOW)
    assert spool.status().waiting == 2


@pytest.mark.parametrize("name", ["active.log", "append.lock", "totals"])
def test_no_file_of_a_spool_is_written_through_a_link(tmp_path: Path, name: str) -> None:
    precious = tmp_path / "precious"
    precious.write_text("do not touch")
    folder = tmp_path / "spool"
    folder.mkdir()
    (folder / name).symlink_to(precious)
    spool = Spool(folder)
    with suppress(OSError):
        spool.append("{}", NOW)
    spool.count(Totals(delivered=1))
    assert precious.read_text() == "do not touch"


def test_all_that_a_spool_leaves_is_its_owners_only(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        folder = tmp_path / "new" / "spool"
        spool = Spool(folder)
        for n in range(3):
            spool.append(f'{{"n": {n}}}', NOW)
        spool.seal(NOW)
        spool.segments()[0].acknowledge(1)
        spool.append("{}", NOW)
        spool.reject("{}", "why", NOW)
        spool.set_damaged_aside([b"x"])
        spool.want_destination("abc")
        Tally().save(folder)
    finally:
        os.umask(old)
    paths = [folder.parent, folder, *folder.rglob("*")]
    assert {"deliverer.json", "destination", "totals", "damaged.log"} <= {p.name for p in paths}
    for path in paths:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


@as_root
def test_a_script_without_a_home_runs_on_where_the_temporary_folder_is_foreign(
    shared: Path, receiver: Receiver
) -> None:
    foreign = shared / f"fairlead-{os.getuid()}"
    foreign.mkdir()
    os.chown(foreign, OTHER_USER, OTHER_USER)
    ended = subprocess.run(
        [sys.executable, "-c", "import fairlead_sdk\nwith fairlead_sdk.run('j'): print('done')"],
        env={
            "PATH": os.environ["PATH"],
            "XDG_STATE_HOME": "/proc/nowhere",
            "TMPDIR": str(shared),
            "FAIRLEAD_URL": receiver.url,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "done\n"
    assert "belongs to another user" in ended.stderr
    assert not list(foreign.iterdir())
