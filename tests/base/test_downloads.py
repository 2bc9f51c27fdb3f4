"""Les téléchargements, devant un petit serveur local qui se comporte bien ou très mal."""

import errno
import hashlib
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from gradcam_lab import images
from gradcam_lab.base import downloads
from gradcam_lab.base.downloads import DownloadError
from gradcam_lab.errors import GradcamLabError, ImageError

CONTENT = bytes(range(256)) * 1000
HASH = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.server.requests.append(f"HEAD {self.path}")
        if self.path == "/en-tetes-lents":
            slow_headers(self)
        self.head(**{"Content-Length": "1000"})

    def do_GET(self):
        self.server.requests.append(self.path)
        if self.path.startswith("/code/"):
            self.send_error(int(self.path.split("/")[-1]))
            return
        if self.path in SLOW:
            SLOW[self.path](self)
            return
        content = b"autre chose" if self.path == "/faux" else CONTENT
        if self.path == "/photo.png":
            content = self.server.photo
        self.send_response(200)
        if self.path != "/sans-taille":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.path in ("/coupe", "/bloque"):
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            if self.path == "/bloque":
                self.server.release.wait(20)
            return
        self.wfile.write(content)

    def log_message(self, *args):
        pass

    def head(self, code=200, **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def forever(self, data=b"x", pause=0.1):
        """Envoie `data` sans fin, au moins tant que le test dure."""
        try:
            while not self.server.release.wait(pause):
                self.wfile.write(data)
                self.server.sent += len(data)
        except OSError:
            pass  # le client est parti


def drip(handler):
    handler.head()
    handler.forever()


def drip_chunks(handler):
    handler.protocol_version = "HTTP/1.1"
    handler.head(**{"Transfer-Encoding": "chunked"})
    handler.forever(b"1\r\nx\r\n")


def slow_file(handler):
    """Le temps que d'autres demandent le même fichier."""
    handler.head(**{"Content-Length": str(len(CONTENT))})
    handler.wfile.write(CONTENT[:1000])
    handler.server.release.wait(1)
    handler.wfile.write(CONTENT[1000:])


def slow_headers(handler):
    handler.send_response(200)
    handler.flush_headers()
    handler.forever(b"X-A: b\r\n")


def slow_redirects(handler):
    handler.server.release.wait(0.3)
    handler.head(302, Location="/redirections-lentes")


def endless_redirect(handler):
    handler.head(302, Location="/photo.png")
    handler.forever(b"x" * 1_000_000, 0)


SLOW = {
    "/goutte": drip,
    "/goutte-par-blocs": drip_chunks,
    "/lent": slow_file,
    "/en-tetes-lents": slow_headers,
    "/redirections-lentes": slow_redirects,
    "/redirection-sans-fin": endless_redirect,
    "/en-rond": lambda handler: handler.head(302, Location="/en-rond"),
    "/redirection": lambda handler: handler.head(301, Location="/bon"),
    "/vers-un-fichier": lambda handler: handler.head(302, Location="file:///etc/hostname"),
    "/vers-ailleurs": lambda handler: handler.head(302, Location="ftp://127.0.0.1/a"),
    "/vers-rien": lambda handler: handler.head(302, Location="http://["),
}


@pytest.fixture
def server(monkeypatch, tmp_path):
    for name in ("GRADCAM_LAB_OFFLINE", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(downloads, "READ_TIMEOUT", 0.5)
    monkeypatch.setattr(downloads, "CONNECT_TIMEOUT", 0.8)
    monkeypatch.setattr(downloads, "ANSWER_TIMEOUT", 1.0)
    monkeypatch.setattr(downloads, "GRACE", 1.0)
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    httpd.requests, httpd.release, httpd.sent = [], threading.Event(), 0
    Image.fromarray(np.full((9, 9, 3), 77, np.uint8)).save(tmp_path / "p.png")
    httpd.photo = (tmp_path / "p.png").read_bytes()
    (tmp_path / "p.png").unlink()
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    httpd.url = f"http://127.0.0.1:{httpd.server_port}"
    yield httpd
    httpd.release.set()
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def fails(words, *args, **kwargs):
    with pytest.raises(DownloadError) as caught:
        downloads.fetch(*args, **kwargs)
    message = str(caught.value)
    assert re.search(words, message), message
    assert message.startswith(("Impossible de télécharger", "Le fichier"))
    assert message.endswith(".")
    assert "\n" not in message


def test_fetch_downloads_once_and_keeps_quiet(server, cache, capfd):
    path = downloads.fetch(f"{server.url}/bon", cache, "a.bin", known_hash=HASH)
    assert path == cache / "a.bin"
    assert path.read_bytes() == CONTENT
    assert downloads.fetch(f"{server.url}/bon", cache, "a.bin", known_hash=HASH) == path
    assert server.requests == ["/bon"]
    assert os.listdir(cache) == ["a.bin"]
    assert path.stat().st_mode & 0o444 == 0o444
    assert capfd.readouterr() == ("", "")


def test_fetch_without_a_known_hash_or_size(server, cache):
    path = downloads.fetch(f"{server.url}/sans-taille", cache, "a.bin", progress=False)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("known_hash", [HASH, None])
@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/coupe", "coupée avant la fin"),
        ("/bloque", "n'envoie plus rien"),
        ("/code/404", "n'existe pas .code 404"),
        ("/code/403", "refuse l'accès"),
        ("/code/429", "quelques minutes"),
        ("/code/503", "par une erreur .code 503"),
    ],
)
def test_failures_leave_an_empty_cache(server, cache, address, words, known_hash):
    start = time.monotonic()
    fails(words, server.url + address, cache, "a.bin", known_hash=known_hash, label="les poids")
    assert time.monotonic() - start < 5
    assert os.listdir(cache) == []


def test_wrong_bytes_are_not_kept(server, cache):
    fails("n'est pas celui qui est publié", f"{server.url}/faux", cache, "a.bin", known_hash=HASH)
    assert os.listdir(cache) == []


def test_interruption_leaves_an_empty_cache(server, cache, monkeypatch):
    def interrupt(path):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        downloads.fetch(f"{server.url}/bon", cache, "a.bin", check=interrupt)
    assert os.listdir(cache) == []


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/goutte", "n'envoie plus rien, ou presque"),
        ("/goutte-par-blocs", "n'envoie plus rien, ou presque"),
        ("/en-tetes-lents", "n'a pas répondu à temps"),
        ("/redirections-lentes", "n'a pas répondu à temps"),
        ("/en-rond", "incompréhensible"),
        ("/vers-un-fichier", "incompréhensible"),
        ("/vers-ailleurs", "incompréhensible"),
        ("/vers-rien", "incompréhensible"),
    ],
)
def test_a_slow_or_misleading_server_is_left_in_time(server, cache, monkeypatch, address, words):
    monkeypatch.setattr(downloads, "PAGE_TIMEOUT", 1.5)
    start = time.monotonic()
    fails(words, server.url + address, cache, "a.bin")
    assert os.listdir(cache) == []
    with pytest.raises(ImageError, match=words):
        images.load_image(server.url + address)
    assert time.monotonic() - start < 5
    assert len(server.requests) <= 2 * (1 + downloads._REDIRECTS)


def test_a_redirect_is_followed_without_its_body(server, cache):
    assert downloads.fetch(f"{server.url}/redirection", cache, "a.bin").read_bytes() == CONTENT
    image = images.load_image(f"{server.url}/redirection-sans-fin")
    assert image.getpixel((0, 0)) == (77, 77, 77)
    assert server.sent < 20_000_000


def test_a_portal_page_in_place_of_weights_is_not_kept(server, cache):
    fails("page de connexion", f"{server.url}/bon", cache, "w.h5", check=downloads.is_hdf5)
    assert os.listdir(cache) == []
    # Celle qu'une version précédente a gardée n'empêche plus rien.
    (cache / "w.h5").write_text("<html>Connectez-vous</html>")
    fails("abîmé ou incomplet", f"{server.url}/bon", cache, "w.h5", check=downloads.is_hdf5)
    seen = []
    path = downloads.fetch(
        f"{server.url}/bon", cache, "w.h5", check=lambda p: seen.append(p.name) or p.name != "w.h5"
    )
    assert seen[0] == "w.h5" != seen[-1]
    assert path.read_bytes() == CONTENT


def test_is_hdf5(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        file["a"] = np.arange(1000)
    assert downloads.is_hdf5(path)
    path.write_bytes(path.read_bytes()[:-100])
    assert not downloads.is_hdf5(path)
    path.write_bytes(b"<html>")
    assert not downloads.is_hdf5(path)
    assert not downloads.is_hdf5(tmp_path / "absent.h5")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pas de tube nommé sur ce système")
def test_what_is_not_a_file_is_refused_and_left_alone(server, cache):
    cache.mkdir()
    os.mkfifo(cache / "tube")
    (cache / "dossier").mkdir()
    for name in ("tube", "dossier"):
        fails("fichier ordinaire", f"{server.url}/bon", cache, name, known_hash=HASH)
    assert sorted(os.listdir(cache)) == ["dossier", "tube"]
    assert server.requests == []


def test_drafts_of_killed_programs_go_and_fresh_ones_stay(server, cache):
    cache.mkdir()
    old, fresh, other = (cache / n for n in (".gradcam_lab-1.part", ".gradcam_lab-2.part", "tmp3"))
    for path in (old, fresh, other):
        path.write_bytes(b"abc")
    for path in (old, other):
        os.utime(path, (0, 0))
    downloads.fetch(f"{server.url}/bon", cache, "a.bin")
    assert sorted(os.listdir(cache)) == [fresh.name, "a.bin", "tmp3"]


FETCH = (
    "import sys; from gradcam_lab.base.downloads import fetch;"
    "fetch(sys.argv[1], sys.argv[2], 'a.bin', known_hash=sys.argv[3])"
)


def start_fetch(server, cache, address="/lent"):
    command = [sys.executable, "-c", FETCH, server.url + address, str(cache), HASH]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait_until(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_several_processes_share_one_cache(server, cache):
    """Tous demandent le fichier pendant que le premier le reçoit : une seule demande au serveur."""
    running = [start_fetch(server, cache) for _ in range(4)]
    said = [process.communicate(timeout=20)[0] for process in running]
    assert [process.returncode for process in running] == [0] * 4
    assert server.requests == ["/lent"]
    assert os.listdir(cache) == ["a.bin"]
    assert (cache / "a.bin").read_bytes() == CONTENT
    assert sum("Un autre programme télécharge" in text for text in said) <= 3


def test_a_killed_process_gives_its_turn(server, cache):
    first = start_fetch(server, cache, "/bloque")
    wait_until(lambda: server.requests)
    others = [start_fetch(server, cache) for _ in range(2)]
    time.sleep(0.5)
    first.kill()
    assert [process.wait(20) for process in others] == [0, 0]
    assert first.wait(20) != 0
    assert server.requests == ["/bloque", "/lent"]
    assert (cache / "a.bin").read_bytes() == CONTENT


def test_a_suspended_process_is_not_waited_for(server, cache, monkeypatch, capsys):
    filelock = pytest.importorskip("filelock")
    cache.mkdir()
    monkeypatch.setattr(downloads, "STUCK", 1.0)
    with filelock.FileLock(cache / ".gradcam_lab-a.bin.lock"):
        downloads.fetch(f"{server.url}/bon", cache, "a.bin", known_hash=HASH, label="les poids")
    assert (cache / "a.bin").read_bytes() == CONTENT
    assert "Un autre programme télécharge les poids" in capsys.readouterr().out


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOLCK, "No locks"), RuntimeError("no flock"), PermissionError(13, "No")],
)
def test_a_folder_without_locks_is_enough(server, cache, monkeypatch, error):
    def refuse(*args, **kwargs):
        raise error

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    path = downloads.fetch(f"{server.url}/bon", cache, "a.bin", known_hash=HASH)
    assert path.read_bytes() == CONTENT


def test_a_probe_reads_nothing(server, monkeypatch):
    downloads.probe(f"{server.url}/bon")
    assert server.requests == ["HEAD /bon"]
    with pytest.raises(DownloadError, match="n'a pas répondu à temps"):
        downloads.probe(f"{server.url}/en-tetes-lents", limit=0.3)
    monkeypatch.setenv("GRADCAM_LAB_OFFLINE", "1")
    with pytest.raises(DownloadError, match="interdit"):
        downloads.probe(f"{server.url}/bon")
    assert len(server.requests) == 2


@pytest.mark.parametrize("folder", ["~inconnu/x", "x" * 300, "a\0b"])
def test_impossible_folders(server, tmp_path, monkeypatch, folder):
    monkeypatch.chdir(tmp_path)
    fails("pas un nom de dossier possible", f"{server.url}/bon", folder, "a.bin")
    assert os.listdir(tmp_path) == []


def test_a_damaged_file_is_replaced_only_by_a_good_one(server, cache, capsys):
    cache.mkdir()
    path = cache / "a.bin"
    path.write_bytes(CONTENT[:1000])
    fails("abîmé ou incomplet.*coupée", f"{server.url}/coupe", cache, "a.bin", known_hash=HASH)
    assert path.read_bytes() == CONTENT[:1000]
    capsys.readouterr()
    downloads.fetch(f"{server.url}/bon", cache, "a.bin", known_hash=HASH)
    assert path.read_bytes() == CONTENT
    assert "est abîmé : il va être téléchargé de nouveau." in capsys.readouterr().out


def test_a_damaged_file_offline(cache, monkeypatch):
    monkeypatch.setenv("GRADCAM_LAB_OFFLINE", "1")
    cache.mkdir()
    (cache / "a.bin").write_bytes(b"abc")
    fails("abîmé ou incomplet.*GRADCAM_LAB_OFFLINE", "http://x.test/a", cache, "a.bin",
          known_hash=HASH)  # fmt: skip
    assert (cache / "a.bin").read_bytes() == b"abc"


@pytest.mark.parametrize("value", ["1", "true", "oui", "YES"])
def test_offline_never_touches_the_network(cache, monkeypatch, value):
    def forbidden(*args, **kwargs):
        raise AssertionError("le réseau a été touché")

    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    monkeypatch.setenv("GRADCAM_LAB_OFFLINE", value)
    assert downloads.offline()
    fails("GRADCAM_LAB_OFFLINE interdit", "https://exemple.fr/a", cache, "a.bin")
    with pytest.raises(ImageError, match="GRADCAM_LAB_OFFLINE interdit"):
        images.load_image("https://exemple.fr/a.png")
    assert not cache.exists()


@pytest.mark.parametrize("value", ["", "0", "false", "non", "No"])
def test_online_values(monkeypatch, value):
    monkeypatch.setenv("GRADCAM_LAB_OFFLINE", value)
    assert not downloads.offline()


def test_no_network(server, cache):
    server.server_close()  # plus personne n'écoute à cette adresse
    fails("est injoignable ; vérifiez la connexion", f"{server.url}/bon", cache, "a.bin")


def test_unknown_server_name(cache, monkeypatch, server):
    def unknown(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    fails("exemple.fr est injoignable", "https://exemple.fr/a", cache, "a.bin")


def test_a_silent_name_server_does_not_hang(cache, monkeypatch, server):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: server.release.wait(20))
    start = time.monotonic()
    fails("n'a pas répondu", "https://exemple.fr/a", cache, "a.bin")
    assert time.monotonic() - start < 3


def test_bad_addresses(server, cache):
    for url in ("http://", "http://:80/", "ftp:/rien", "http://[/"):
        fails("adresse n'est pas valable", url, cache, "a.bin")
    with pytest.raises(ImageError, match="adresse n'est pas valable"):
        images.load_image("http://[")


def test_full_disk(server, cache, monkeypatch):
    class Full(io.FileIO):
        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(downloads, "open", lambda path, mode: Full(path, "x"), raising=False)
    fails("le disque est plein", f"{server.url}/bon", cache, "a.bin", known_hash=HASH)
    assert os.listdir(cache) == []


def test_read_only_folder(server, cache, monkeypatch):
    def protected(*args):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(downloads, "open", protected, raising=False)
    fails("protégé contre l'écriture", f"{server.url}/bon", cache, "a.bin")
    assert server.requests == []


@pytest.mark.skipif(os.name == "nt", reason="Windows protège un dossier autrement")
def test_a_read_only_folder_serves_what_it_has(server, cache):
    """Le dossier partagé d'une classe, lu par un autre compte que celui qui l'a rempli."""
    cache.mkdir()
    for name, content in (("a.bin", CONTENT), ("abime.bin", b"abc")):
        (cache / name).write_bytes(content)
    cache.chmod(0o555)
    command = [sys.executable]
    if os.geteuid() == 0:  # rien n'est refusé à root, sauf s'il y renonce
        if not shutil.which("setpriv"):
            pytest.skip("lancé par root, sans setpriv pour renoncer à ses droits")
        command = ["setpriv", "--bounding-set=-dac_override", *command]
    code = """
import sys
from gradcam_lab.base.downloads import fetch
for name in sys.argv[3:]:
    try:
        print(name, fetch(sys.argv[1], sys.argv[2], name, known_hash=%r).name)
    except ValueError as error:
        print(name, error)
"""
    command += ["-c", code % HASH, f"{server.url}/bon", str(cache)]
    done = subprocess.run(
        [*command, "a.bin", "abime.bin", "absent.bin"], capture_output=True, text=True
    )
    good, said, damaged, absent = done.stdout.splitlines()
    assert good == "a.bin a.bin"
    assert "est abîmé" in said
    assert "protégé contre l'écriture" in damaged
    assert absent.startswith("absent.bin Impossible de télécharger")
    assert "protégé contre l'écriture" in absent
    assert server.requests == []
    assert sorted(os.listdir(cache)) == ["a.bin", "abime.bin"]


def test_a_file_in_place_of_the_folder(server, tmp_path):
    (tmp_path / "fichier").write_text("")
    fails("ne peut pas recevoir", f"{server.url}/bon", tmp_path / "fichier" / "sous", "a.bin")


def test_progress_bar_in_french_when_it_takes_time(server, cache, capfd, monkeypatch):
    monkeypatch.setattr(downloads, "BAR_DELAY", 0.0)
    downloads.fetch(f"{server.url}/bon", cache, "a.bin", label="les poids de vgg16")
    out, err = capfd.readouterr()
    assert "Téléchargement : les poids de vgg16" in err
    assert "100%" in err
    assert out == ""
    downloads.fetch(f"{server.url}/bon", cache, "b.bin", progress=False)
    assert capfd.readouterr() == ("", "")


def test_error_is_a_gradcam_lab_error():
    assert issubclass(DownloadError, GradcamLabError)


# --- une image donnée par son adresse ----------------------------------------------------------


def test_load_image_from_an_address(server):
    assert images.load_image(f"{server.url}/photo.png").getpixel((0, 0)) == (77, 77, 77)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/bon", "n'est pas une image"),
        ("/coupe", "coupée avant la fin"),
        ("/bloque", "n'envoie plus rien"),
        ("/code/404", "n'existe pas"),
    ],
)
def test_load_image_from_a_bad_address(server, address, words):
    with pytest.raises(ImageError, match=words):
        images.load_image(server.url + address)


def test_read_url_is_bounded_in_size(server):
    with pytest.raises(DownloadError, match=r"dépasse 0\sMo"):
        downloads.read_url(f"{server.url}/bon", 1000)
