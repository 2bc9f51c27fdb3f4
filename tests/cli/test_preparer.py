"""`gradcam-lab preparer`, devant un petit serveur local : tout y est, puis il en manque."""

import dataclasses
import hashlib
import io
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import h5py
import numpy as np
import pytest
from PIL import Image

import gradcam_lab as gl
from gradcam_lab import cli
from gradcam_lab.images import photos
from gradcam_lab.models import catalogue


def weights():
    file = io.BytesIO()
    with h5py.File(file, "w") as content:
        content["a"] = np.zeros(1_000_000, np.float32)
    return file.getvalue()


def picture():
    file = io.BytesIO()
    Image.new("RGB", (8, 6), (1, 2, 3)).save(file, "PNG")
    return file.getvalue()


FILES = {"/poids.h5": weights(), "/photo.png": picture()}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        content = self.server.files.get(self.path)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    """Un serveur qui a une photo et un réseau, les seuls que le cours télécharge ici."""
    for name in ("GRADCAM_LAB_OFFLINE", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("GRADCAM_LAB_DATA", str(tmp_path / "data"))
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.requests, httpd.files = [], dict(FILES)
    threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{httpd.server_port}"
    hashes = {name: f"sha256:{hashlib.sha256(data).hexdigest()}" for name, data in FILES.items()}
    first, *others = [info for info in gl.samples() if info.name != "chien_et_chat"]
    changes = {"url": f"{url}/photo.png", "known_hash": hashes["/photo.png"]}
    monkeypatch.setattr(photos, "_SAMPLES", (dataclasses.replace(first, **changes), *others))
    for name, known in (("vgg16", hashes["/poids.h5"]), ("mobilenet_v2", None)):
        info = catalogue.find_model(name)
        info = dataclasses.replace(info, _url=f"{url}/poids.h5?/{name}.h5", _hash=known)
        monkeypatch.setitem(catalogue._CATALOGUE, name, info)
        httpd.files[f"/poids.h5?/{name}.h5"] = FILES["/poids.h5"]
    yield httpd
    httpd.shutdown()
    httpd.server_close()


def test_everything_is_fetched_then_only_verified(server, tmp_path, capsys):
    assert cli.main(["preparer", "vgg16", "mini", "VGG-16"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert server.requests == ["/photo.png", "/poids.h5?/vgg16.h5"]
    assert "dalmatien        moins d'un Mo, téléchargement, empreinte vérifiée : " in out
    assert f"empreinte vérifiée : {tmp_path / 'keras' / 'models' / 'vgg16.h5'}" in out
    assert "vgg16            4\N{NO-BREAK SPACE}Mo, téléchargement, empreinte vérifiée" in out
    assert out.count("vgg16  ") == 1
    assert "mini             livré avec le cours" in out
    assert "En tout : 2 fichiers, 4\N{NO-BREAK SPACE}Mo." in out
    assert cli.main(["preparer", "vgg16"]) == 0
    assert capsys.readouterr().out.count("déjà là, empreinte vérifiée") == 2
    assert len(server.requests) == 2


def test_a_network_without_a_published_hash_is_said_so(server, capsys):
    assert cli.main(["preparer", "mobilenet_v2"]) == 0
    assert "fichier entier (sans empreinte publiée)" in capsys.readouterr().out


def test_without_a_network_only_the_photos(server, capsys):
    assert cli.main(["preparer"]) == 0
    assert server.requests == ["/photo.png"]
    assert "preparer vgg16" in capsys.readouterr().out


def test_one_folder_for_the_class_and_its_two_variables(server, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    before = dict(os.environ)
    mask = os.umask(0o077)
    try:
        assert cli.main(["preparer", "vgg16", "--dossier", "salle 12/été"]) == 0
    finally:
        os.umask(mask)
    assert dict(os.environ) == before
    shared = tmp_path / "salle 12" / "été"
    out = capsys.readouterr().out
    files = [shared / "poids" / "models" / "vgg16.h5", shared / "photos" / "Dalmatian.jpg"]
    for path in files:
        assert path.is_file()
    assert not (tmp_path / "keras").exists()
    for name, folder in (("KERAS_HOME", "poids"), ("GRADCAM_LAB_DATA", "photos")):
        assert f"{name}=" in out.replace(" = ", "=")
        assert str(shared / folder) in out
        monkeypatch.setenv(name, str(shared / folder))
    if os.name != "nt":  # les élèves ont d'autres comptes
        assert all(path.stat().st_mode & 0o444 == 0o444 for path in files)
        assert all(path.parent.stat().st_mode & 0o555 == 0o555 for path in files)
        for path in files:
            path.parent.chmod(0o555)
    # Ces deux variables suffisent, le réseau coupé et le dossier protégé.
    monkeypatch.setenv("GRADCAM_LAB_OFFLINE", "1")
    assert gl.sample("dalmatien", fallback=False).size == (8, 6)
    assert cli.main(["preparer", "vgg16"]) == 0
    for path in files:
        path.parent.chmod(0o755)


def test_what_is_missing_is_named_and_the_rest_is_done(server, tmp_path, capsys):
    del server.files["/photo.png"]
    server.files["/poids.h5?/mobilenet_v2.h5"] = b"<html>Connectez-vous</html>"
    assert cli.main(["preparer", "mobilenet_v2", "vgg16"]) == 2
    out, err = capsys.readouterr()
    assert "empreinte vérifiée" in out
    assert "dalmatien        Impossible de télécharger la photo « dalmatien »" in err
    assert "page de connexion" in err
    assert err.splitlines()[-1].startswith("Il manque dalmatien, mobilenet_v2 : ")
    assert os.listdir(tmp_path / "keras" / "models") == ["vgg16.h5"]


def test_bad_requests_download_nothing(server, tmp_path, capsys):
    (tmp_path / "fichier").write_text("")
    for argv, words in [
        (["vgg61"], "« vgg16 »"),
        (["vgg16", "--dossier", str(tmp_path / "fichier")], "ne peut pas être créé"),
        (["vgg16", "--dossier", str(tmp_path / "fichier" / "sous")], "ne peut pas être créé"),
        (["vgg16", "--dossier", "a\0b"], "ne peut pas être créé"),
        (["vgg16", "--dosier"], "« --dossier »"),
    ]:
        assert cli.main(["preparer", *argv]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert words in err
    assert server.requests == []


def test_help_and_interruption(server, capsys, monkeypatch):
    assert cli.main(["preparer", "--aide"]) == 0
    assert "--dossier" in capsys.readouterr().out

    def stop(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("gradcam_lab.classroom.preparation.weights_file", stop)
    assert cli.main(["preparer", "vgg16"]) == 130
    assert "les fichiers déjà complets sont gardés" in capsys.readouterr().err
