"""`get_file`, from a server on this machine."""

from __future__ import annotations

import hashlib
import http.server
import io
import os
import stat
import tarfile
import threading
import zipfile

import pytest

from amalthea.errors import ArgumentError, DataError
from amalthea.utils import downloads, get_file, unpacking

# Most of these files are downloaded without a hash.
pytestmark = pytest.mark.filterwarnings("ignore:.*was downloaded unchecked:UserWarning")

TEXT = b"some data\n" * 50
MD5, SHA256 = hashlib.md5(TEXT).hexdigest(), hashlib.sha256(TEXT).hexdigest()


def tar_of(name, member=None):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        entry = member or tarfile.TarInfo(name)
        entry.size = 0 if member else len(TEXT)
        tar.addfile(entry, io.BytesIO(TEXT))
    return buffer.getvalue()


def no_file(kind):
    entry = tarfile.TarInfo("inside")
    entry.type, entry.linkname = kind, "/etc/passwd"
    return entry


def zip_of(name, mode=0):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = mode << 16
        zipped.writestr(entry, TEXT)
    return buffer.getvalue()


FILES = {
    "/text.txt": TEXT,
    "/a%20b.txt": TEXT,
    "/d.tar.gz": tar_of("d/text.txt"),
    "/d.zip": zip_of("d/text.txt"),
    "/out.tar.gz": tar_of("../escaped.txt"),
    "/root.tar.gz": tar_of("/escaped.txt"),
    "/out.zip": zip_of("a/../../escaped.txt"),
    "/windows.zip": zip_of("C:escaped.txt"),
    "/link.tar.gz": tar_of("", no_file(tarfile.SYMTYPE)),
    "/hard.tar.gz": tar_of("", no_file(tarfile.LNKTYPE)),
    "/device.tar.gz": tar_of("", no_file(tarfile.CHRTYPE)),
    "/link.zip": zip_of("inside", stat.S_IFLNK | 0o777),
    "/cut.tar.gz": tar_of("d/text.txt")[:-20],
    "/flipped.zip": zip_of("d/text.txt").replace(b"some data", b"same data", 1),
}


@pytest.fixture(scope="module")
def server():
    requests = []
    released = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            body = FILES.get(self.path, b"")
            if self.path in ("/moved", "/away"):
                self.send_response(302)
                self.send_header("Location", "/text.txt" if self.path == "/moved" else "file:///etc/passwd")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if self.path == "/slow.txt":
                self.send_response(200)
                self.send_header("Content-Length", str(len(TEXT)))
                self.end_headers()
                self.wfile.write(TEXT[:10])
                self.wfile.flush()
                released.wait(20)
                return
            if self.path == "/huge.txt":
                self.send_response(200)
                self.send_header("Content-Length", str(1 << 60))
                self.end_headers()
                return
            if self.path == "/broken.txt":
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"ff\r\nfar less")
                return
            if self.path == "/short.txt":
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                self.wfile.write(b"too little")
                return
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{served.server_port}", requests
    released.set()
    served.shutdown()
    thread.join()
    served.server_close()


@pytest.fixture
def fetch(server, tmp_path):
    root, _ = server

    def run(path, **options):
        return get_file(origin=root + path, cache_dir=tmp_path, **options)

    return run


def files_in(folder):
    return sorted(os.path.relpath(os.path.join(place, name), folder) for place, _, names in os.walk(folder) for name in names)


def test_a_file_is_fetched_once(fetch, server, tmp_path):
    path = fetch("/text.txt")
    assert path == str(tmp_path / "datasets" / "text.txt")
    assert (tmp_path / "datasets" / "text.txt").read_bytes() == TEXT
    before = len(server[1])
    assert fetch("/text.txt") == path
    assert len(server[1]) == before
    fetch("/text.txt", force_download=True)
    assert len(server[1]) == before + 1


def test_names_and_folders(fetch, tmp_path):
    assert fetch("/text.txt", fname="other.bin", cache_subdir="x/y") == str(tmp_path / "x" / "y" / "other.bin")
    assert fetch("/a%20b.txt") == str(tmp_path / "datasets" / "a b.txt")


def test_the_cache_is_that_of_keras(server, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    assert get_file(origin=server[0] + "/text.txt") == str(tmp_path / "home" / "datasets" / "text.txt")


@pytest.mark.parametrize(
    "options",
    [{"file_hash": SHA256}, {"file_hash": MD5}, {"md5_hash": MD5}, {"file_hash": SHA256.upper()}, {"file_hash": MD5, "hash_algorithm": "md5"}],
)
def test_right_hashes(fetch, options):
    assert fetch("/text.txt", **options).endswith("text.txt")


def test_a_file_with_a_wrong_hash_never_appears(fetch, tmp_path):
    with pytest.raises(DataError, match=f"its sha256 is {SHA256}, not 0000"):
        fetch("/text.txt", file_hash="0" * 64)
    assert files_in(tmp_path) == []


def test_a_download_without_a_hash_tells_it(fetch):
    with pytest.warns(UserWarning, match=f'pass `file_hash="{SHA256}"`'):
        fetch("/text.txt")


def test_redirections_are_followed(fetch):
    with open(fetch("/moved", file_hash=SHA256), "rb") as file:
        assert file.read() == TEXT


def test_files_of_this_machine(tmp_path):
    (tmp_path / "here.txt").write_bytes(TEXT)
    path = get_file(origin=(tmp_path / "here.txt").as_uri(), cache_dir=tmp_path / "cache")
    assert path == str(tmp_path / "cache" / "datasets" / "here.txt")
    with pytest.raises(DataError, match="No such file"):
        get_file(origin=(tmp_path / "gone.txt").as_uri(), cache_dir=tmp_path / "cache")


def test_a_server_that_falls_silent(fetch, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "TIMEOUT", 0.1)
    with pytest.raises(DataError, match=r"timed out.*Call again"):
        fetch("/slow.txt")
    assert files_in(tmp_path) == []


def test_a_download_that_the_user_stops_leaves_nothing(fetch, tmp_path, monkeypatch):
    def stop(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(downloads.Progbar, "update", stop)
    with pytest.raises(KeyboardInterrupt):
        fetch("/text.txt")
    assert files_in(tmp_path) == []


def test_a_damaged_file_in_the_cache_is_fetched_again(fetch, tmp_path):
    path = tmp_path / "datasets" / "text.txt"
    path.parent.mkdir()
    path.write_text("damaged")
    fetch("/text.txt", file_hash=SHA256)
    assert path.read_bytes() == TEXT


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/missing", "404"),
        ("/short.txt", r"after 10 of 100 bytes\. Nothing was kept\. Call again"),
        ("/broken.txt", "IncompleteRead.*Call again"),
        ("/huge.txt", f"has {1 << 60} bytes or more"),
        ("/away", "302"),
    ],
)
def test_downloads_that_fail_leave_nothing(fetch, tmp_path, path, message):
    with pytest.raises(DataError, match=message):
        fetch(path)
    assert files_in(tmp_path) == []


def test_a_server_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="could not be downloaded"):
        get_file(origin="http://127.0.0.1:9/x", cache_dir=tmp_path)


@pytest.mark.parametrize(
    ("path", "options", "folder", "files"),
    [
        ("/d.tar.gz", {"fname": "x.tar.gz", "extract": True}, "x_extracted", ["x.tar.gz", "x_extracted/d/text.txt"]),
        ("/d.tar.gz", {"fname": "x", "untar": True}, "x", ["x/d/text.txt", "x_archive"]),
        ("/d.zip", {"extract": True}, "d.zip", ["d.zip/d/text.txt", "d.zip_archive"]),
        ("/d.zip", {"fname": "x", "extract": True, "archive_format": ["zip"]}, "x", ["x/d/text.txt", "x_archive"]),
    ],
)
def test_archives_are_unpacked_where_keras_does(fetch, tmp_path, path, options, folder, files):
    assert fetch(path, **options) == str(tmp_path / "datasets" / folder)
    assert files_in(tmp_path / "datasets") == files
    assert fetch(path, **options) == str(tmp_path / "datasets" / folder)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/out.tar.gz", r"'\.\./escaped\.txt' would lie outside"),
        ("/root.tar.gz", "'/escaped.txt' would lie outside"),
        ("/out.zip", r"'a/\.\./\.\./escaped\.txt' would lie outside"),
        ("/windows.zip", "would lie outside"),
        ("/link.tar.gz", "'inside' is a link"),
        ("/hard.tar.gz", "'inside' is a link"),
        ("/device.tar.gz", "'inside' is a device"),
        ("/link.zip", "'inside' is a link"),
        ("/cut.tar.gz", "cannot be unpacked"),
        ("/flipped.zip", "Bad CRC"),
        ("/text.txt", "no archive of the formats: tar, zip"),
    ],
)
def test_archives_that_are_refused_leave_nothing(fetch, tmp_path, path, message):
    with pytest.raises(DataError, match=message):
        fetch(path, fname="x", extract=True)
    assert files_in(tmp_path) == ["datasets/x_archive"]


@pytest.mark.parametrize(
    ("budget", "message"),
    [(unpacking.Budget(spared=len(TEXT) - 1, ratio=0), "far more bytes"), (unpacking.Budget(members=0), "more than 0 members")],
)
@pytest.mark.parametrize("path", ["/d.tar.gz", "/d.zip"])
def test_archives_that_grow_without_bounds(tmp_path, path, budget, message):
    (tmp_path / "archive").write_bytes(FILES[path])
    with pytest.raises(DataError, match=message):
        unpacking.unpack(tmp_path / "archive", tmp_path / "out", ("tar", "zip"), budget)
    assert files_in(tmp_path) == ["archive"]


def test_a_bomb_of_the_usual_kind_is_over_the_budget(tmp_path):
    archive = tmp_path / "zeros.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("zeros", bytes(10_000_000))
    with pytest.raises(DataError, match="far more bytes"):
        unpacking.unpack(archive, tmp_path / "out", ("zip",), unpacking.Budget(spared=0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "`origin` is missing"),
        ({"origin": "gopher://host/x"}, "https, ftp, file"),
        ({"origin": "/etc/passwd"}, "https, ftp, file"),
        ({"origin": "http://host/"}, "`fname`"),
        ({"origin": "http://host/x", "fname": "../x"}, "without folders"),
        ({"origin": "http://host/x", "fname": "/x"}, "without folders"),
    ],
)
def test_arguments_that_cannot_be(options, message):
    with pytest.raises(ArgumentError, match=message):
        get_file(**options)


def test_unknown_hashes(fetch):
    with pytest.raises(ArgumentError, match="crc"):
        fetch("/text.txt", file_hash="00", hash_algorithm="crc")
