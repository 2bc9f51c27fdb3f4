"""Télécharger un fichier sans jamais attendre indéfiniment ni laisser un fichier incomplet."""

import contextlib
import errno
import logging
import os
import queue
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import DownloadError
from .disk import disk_reason
from .messages import say
from .numbers import megabytes

CONNECT_TIMEOUT = 4.0  # secondes, pour joindre le serveur
READ_TIMEOUT = 10.0  # secondes sans rien recevoir
PAGE_TIMEOUT = 60.0  # secondes en tout, pour une image donnée par son adresse

_HEADERS = {
    "User-Agent": "gradcam_lab (cours Grad-CAM) python-requests",
    # Sans compression, le nombre d'octets annoncé est celui du fichier : on voit s'il en manque.
    "Accept-Encoding": "identity",
}


def offline():
    """Dit si la variable d'environnement GRADCAM_LAB_OFFLINE interdit l'accès au réseau."""
    value = os.environ.get("GRADCAM_LAB_OFFLINE", "").strip().casefold()
    return value not in ("", "0", "false", "no", "off", "non", "faux")


def fetch(url, folder, filename, *, known_hash=None, label=None, progress=True):
    """Renvoie le chemin du fichier `filename` de `folder`, téléchargé depuis `url` s'il y manque.

    `known_hash` est l'empreinte publiée, "md5:..." ou "sha256:..." ; `label` nomme le fichier dans
    les messages (« les poids de vgg16 »). Le fichier n'apparaît sous son nom qu'une fois complet et
    vérifié ; un fichier déjà là mais abîmé n'est remplacé qu'à ce moment. Lève `DownloadError`.
    """
    path = Path(folder).expanduser() / filename
    label = label or f"le fichier « {filename} »"
    damaged = path.exists() and not is_intact(path, known_hash)
    if path.exists() and not damaged:
        return path
    try:
        _refuse_offline(label)
        _prepare_folder(path.parent, label)
        if damaged:
            say(f"Le fichier « {path} » est abîmé : il va être téléchargé de nouveau.")
        with _explained(url, label):
            _check_reachable(url)
            _retrieve(url, path, known_hash, label if progress else None)
    except DownloadError as error:
        if not damaged:
            raise
        reason = str(error)
        raise DownloadError(
            f"Le fichier « {path} » est abîmé ou incomplet ; {reason[0].lower()}{reason[1:]}"
        ) from None
    return path


def is_intact(path, known_hash):
    """Dit si le fichier `path` existe et a l'empreinte `known_hash` (None : toujours vrai)."""
    path = Path(path)
    if not path.is_file():
        return False
    if known_hash is None:
        return True
    from pooch import file_hash

    algorithm, _, expected = known_hash.partition(":")
    try:
        return file_hash(str(path), alg=algorithm) == expected.lower()
    except OSError:
        return False


def read_url(url, max_bytes):
    """Renvoie les octets que donne l'adresse `url`, au plus `max_bytes`. Lève `DownloadError`."""
    label = f"« {url} »"
    _refuse_offline(label)
    deadline = time.monotonic() + PAGE_TIMEOUT
    with _explained(url, label):
        _check_reachable(url)
        import requests

        with requests.get(
            url, headers=_HEADERS, stream=True, timeout=(CONNECT_TIMEOUT, READ_TIMEOUT)
        ) as response:
            response.raise_for_status()
            parts, received = [], 0
            for part in response.iter_content(1 << 15):
                parts.append(part)
                received += len(part)
                if received > max_bytes:
                    raise DownloadError(
                        f"Le contenu de {label} dépasse {megabytes(max_bytes / 1e6)} : "
                        "donnez une image plus légère."
                    )
                if time.monotonic() > deadline:
                    raise TimeoutError
            _check_complete(received, response.headers.get("content-length"))
    return b"".join(parts)


def _refuse_offline(label):
    if offline():
        raise DownloadError(
            f"Impossible de télécharger {label} : la variable GRADCAM_LAB_OFFLINE interdit l'accès "
            "au réseau ; retirez-la pour l'autoriser."
        )


def _prepare_folder(folder, label):
    problem = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = _disk_reason(error, folder)
    if problem is None and not os.access(folder, os.W_OK | os.X_OK):
        problem = _disk_reason(PermissionError(errno.EACCES, ""), folder)
    if problem:
        raise DownloadError(f"Impossible de télécharger {label} : {problem}")


def _check_reachable(url):
    """Tente une connexion dans un fil à part, abandonné au bout de quelques secondes.

    Le délai de requests ne couvre pas la recherche du nom du serveur et s'applique à chacune de ses
    adresses : sans réseau, l'attente pourrait dépasser une minute.
    """
    import requests

    proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
    host, port = _server(proxy or url)
    if host is None:
        return  # un mandataire écrit sans « http:// » : requests sait le lire
    outcome = queue.SimpleQueue()

    def attempt():
        try:
            socket.create_connection((host, port), timeout=CONNECT_TIMEOUT).close()
            outcome.put(None)
        except Exception as error:  # rendue au fil principal, qui la traduit
            outcome.put(error)

    threading.Thread(target=attempt, daemon=True).start()
    try:
        error = outcome.get(timeout=CONNECT_TIMEOUT)
    except queue.Empty:
        error = TimeoutError()
    if isinstance(error, TimeoutError):
        raise requests.ConnectTimeout
    if error is not None:
        raise requests.ConnectionError


def _server(url):
    """Renvoie le nom du serveur de `url` (None s'il manque) et son port. Lève `ValueError`."""
    parts = urlsplit(url)
    return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _retrieve(url, path, known_hash, bar_label):
    import pooch

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.ERROR)  # pooch annonce en anglais chaque fichier
    try:
        pooch.retrieve(
            url,
            known_hash=known_hash,
            fname=path.name,
            path=path.parent,
            downloader=lambda *args: _download(bar_label, *args),
        )
    finally:
        logger.setLevel(level)
    with contextlib.suppress(OSError):
        path.chmod(0o644)  # le fichier provisoire de pooch n'est lisible que par son auteur


def _download(bar_label, url, output_file, pooch_instance):
    from pooch import HTTPDownloader

    bar = _Bar(bar_label)
    try:
        HTTPDownloader(
            progressbar=bar,
            chunk_size=1 << 15,
            headers=_HEADERS,
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
        )(url, output_file, pooch_instance)
        _check_complete(os.path.getsize(output_file), bar.total)
    finally:
        bar.close()


class _Bar:
    """La barre de progression donnée à pooch : elle n'apparaît que si l'attente se prolonge.

    C'est une barre de texte : celle des carnets est un widget, que l'on ne peut pas enregistrer.
    """

    def __init__(self, label, patience=1.0):
        self.label = label
        self.total = 0
        self._appears = time.monotonic() + patience
        self._bar = None

    def update(self, size):
        from tqdm import tqdm

        if self._bar is None and self.label and time.monotonic() >= self._appears:
            title = f"Téléchargement : {self.label}"
            self._bar = tqdm(desc=title, total=self.total or None, unit="o", unit_scale=True)
        if self._bar is not None:
            self._bar.update(size)

    def reset(self):
        # pooch compte des blocs entiers, puis corrige à la fin : on repart de zéro en silence.
        if self._bar is not None:
            self._bar.n = 0

    def close(self):
        if self._bar is not None:
            self._bar.close()


def _check_complete(received, announced):
    if announced and received < int(announced):
        raise ConnectionAbortedError


@contextlib.contextmanager
def _explained(url, label):
    """Traduit en une phrase les erreurs du réseau et du disque."""
    try:
        host, _ = _server(url)
        if host is None:
            raise ValueError
    except ValueError:
        raise DownloadError(
            f"Impossible de télécharger {label} : cette adresse n'est pas valable ; vérifiez-la."
        ) from None
    try:
        yield
    except DownloadError:
        raise
    except (OSError, ValueError) as error:  # les erreurs de requests sont des OSError
        reason = _reason(error, host)
        raise DownloadError(f"Impossible de télécharger {label} : {reason}") from None


def _reason(error, host):
    import requests
    from urllib3.exceptions import ReadTimeoutError

    if isinstance(error, requests.HTTPError):
        return _status_reason(error.response.status_code, host)
    if isinstance(error, requests.ConnectTimeout):
        return (
            f"le serveur {host} n'a pas répondu en {CONNECT_TIMEOUT:.0f} secondes ; vérifiez la "
            "connexion à internet, puis réessayez."
        )
    stalled = error.args and isinstance(error.args[0], ReadTimeoutError)
    if stalled or isinstance(error, (TimeoutError, requests.Timeout)):
        return f"le serveur {host} n'envoie plus rien ; réessayez plus tard."
    if isinstance(error, requests.exceptions.SSLError):
        return (
            f"le certificat de {host} n'est pas reconnu ; un filtre du réseau de l'établissement "
            "intercepte peut-être la connexion."
        )
    if isinstance(error, (requests.exceptions.ChunkedEncodingError, ConnectionAbortedError)):
        return f"la connexion avec {host} a été coupée avant la fin ; réessayez."
    if isinstance(error, requests.ConnectionError):
        return f"le serveur {host} est injoignable ; vérifiez la connexion à internet."
    if isinstance(error, requests.RequestException):
        return f"le serveur {host} répond d'une façon incompréhensible ; vérifiez l'adresse."
    if isinstance(error, OSError):
        return _disk_reason(error, None)
    return (
        "le fichier reçu n'est pas celui qui a été publié (son empreinte diffère), il n'a pas été "
        "gardé ; réessayez plus tard."
    )


def _status_reason(status, host):
    if status in (404, 410):
        return f"{host} répond que ce fichier n'existe pas (code {status}) ; vérifiez l'adresse."
    if status in (401, 403):
        return f"{host} en refuse l'accès (code {status})."
    if status == 429:
        return f"{host} a reçu trop de demandes (code 429) ; réessayez dans quelques minutes."
    return f"{host} répond par une erreur (code {status}) ; réessayez plus tard."


def _disk_reason(error, folder):
    where = f"le dossier « {folder} »" if folder else "le dossier de destination"
    reason = disk_reason(error)
    if reason == "full":
        return "le disque est plein ; libérez de la place."
    if reason == "protected":
        return f"{where} est protégé contre l'écriture."
    return f"{where} ne peut pas recevoir de fichier."
