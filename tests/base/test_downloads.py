"""Les téléchargements, devant un petit serveur local qui se comporte bien ou très mal."""

import errno
import hashlib
import os
import re
import socket
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
    def do_GET(self):
        self.server.requests.append(self.path)
        if self.path.startswith("/code/"):
            self.send_error(int(self.path.split("/")[-1]))
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


@pytest.fixture
def server(monkeypatch, tmp_path):
    for name in ("GRADCAM_LAB_OFFLINE", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(downloads, "READ_TIMEOUT", 0.5)
    monkeypatch.setattr(downloads, "CONNECT_TIMEOUT", 1.0)
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    httpd.requests, httpd.release = [], threading.Event()
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
    fails("empreinte diffère", f"{server.url}/faux", cache, "a.bin", known_hash=HASH)
    assert os.listdir(cache) == []


def test_interruption_leaves_an_empty_cache(server, cache, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(downloads, "_check_complete", interrupt)
    with pytest.raises(KeyboardInterrupt):
        downloads.fetch(f"{server.url}/bon", cache, "a.bin", known_hash=HASH)
    assert os.listdir(cache) == []


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


def test_full_disk(server, cache, monkeypatch):
    from pooch import HTTPDownloader

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(HTTPDownloader, "__call__", full)
    fails("le disque est plein", f"{server.url}/bon", cache, "a.bin", known_hash=HASH)
    assert os.listdir(cache) == []


def test_read_only_folder(server, cache, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *a, **k: False)
    fails("protégé contre l'écriture", f"{server.url}/bon", cache, "a.bin")
    assert server.requests == []


def test_a_good_file_in_a_read_only_folder_is_enough(cache, monkeypatch):
    cache.mkdir()
    (cache / "a.bin").write_bytes(CONTENT)
    monkeypatch.setattr(os, "access", lambda *a, **k: False)
    path = downloads.fetch("http://x.test/a", cache, "a.bin", known_hash=HASH)
    assert path == cache / "a.bin"


def test_a_file_in_place_of_the_folder(server, tmp_path):
    (tmp_path / "fichier").write_text("")
    fails("ne peut pas recevoir", f"{server.url}/bon", tmp_path / "fichier" / "sous", "a.bin")


def test_progress_bar_in_french_when_it_takes_time(server, cache, capfd, monkeypatch):
    monkeypatch.setattr(downloads._Bar.__init__, "__defaults__", (0.0,))
    downloads.fetch(f"{server.url}/bon", cache, "a.bin", label="les poids de vgg16")
    out, err = capfd.readouterr()
    assert "Téléchargement : les poids de vgg16" in err
    assert "100%" in err
    assert out == ""
    downloads.fetch(f"{server.url}/bon", cache, "b.bin", progress=False)
    assert capfd.readouterr() == ("", "")


def test_the_logger_of_pooch_is_given_back_as_it_was(server, cache):
    import pooch

    level = pooch.get_logger().level
    downloads.fetch(f"{server.url}/bon", cache, "a.bin")
    assert pooch.get_logger().level == level


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


def test_read_url_is_bounded_in_size_and_time(server, monkeypatch):
    with pytest.raises(DownloadError, match=r"dépasse 0\sMo"):
        downloads.read_url(f"{server.url}/bon", 1000)
    monkeypatch.setattr(downloads, "PAGE_TIMEOUT", -1)
    with pytest.raises(DownloadError, match="n'envoie plus rien"):
        downloads.read_url(f"{server.url}/bon", 10**6)
