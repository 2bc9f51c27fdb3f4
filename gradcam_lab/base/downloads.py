"""Télécharger un fichier sans jamais attendre indéfiniment ni laisser un fichier incomplet."""

import contextlib
import os
import queue
import secrets
import threading
import time
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from ..errors import DownloadError
from .disk import disk_reason
from .messages import say
from .numbers import megabytes

__all__ = ["fetch", "is_hdf5", "is_intact", "offline", "probe", "read_url"]

# Tous les délais sont en secondes.
CONNECT_TIMEOUT = 4.0  # pour joindre une des adresses du serveur
ANSWER_TIMEOUT = 10.0  # en tout, du nom du serveur à ses en-têtes, redirections comprises
READ_TIMEOUT = 10.0  # sans rien recevoir
PAGE_TIMEOUT = 60.0  # en tout, pour une image donnée par son adresse
MIN_SPEED = 8_000  # octets par seconde, en moyenne après GRACE secondes, pour un fichier
GRACE = 30.0
BAR_DELAY = 1.0  # la barre n'apparaît que si l'attente se prolonge
STUCK = 60.0  # sans un octet, le programme qui télécharge le même fichier n'est plus attendu

_CHUNK = 1 << 15  # octets
_REDIRECTS = 5
# Un brouillon plus vieux qu'une heure est celui d'un programme tué : les autres s'écrivent encore.
_DRAFT, _STALE = ".gradcam_lab-{}.part", 3600
_LOCK = ".gradcam_lab-{}.lock"
_HEADERS = {
    "User-Agent": "gradcam_lab (cours Grad-CAM) python-requests",
    # Sans compression, le nombre d'octets annoncé est celui du fichier : on voit s'il en manque.
    "Accept-Encoding": "identity",
}


def offline():
    """Dit si la variable d'environnement GRADCAM_LAB_OFFLINE interdit l'accès à internet."""
    value = os.environ.get("GRADCAM_LAB_OFFLINE", "").strip().casefold()
    return value not in ("", "0", "false", "no", "off", "non", "faux")


def fetch(url, folder, filename, *, known_hash=None, label=None, progress=True, check=None):
    """Renvoie le chemin du fichier `filename` de `folder`, téléchargé depuis `url` s'il y manque.

    Le fichier n'apparaît sous son nom qu'une fois complet et vérifié ; un fichier déjà là mais
    abîmé n'est remplacé qu'à ce moment. Plusieurs programmes qui le demandent ensemble ne le
    téléchargent qu'une fois ; un dossier où l'on ne peut pas écrire sert s'il a déjà le fichier.

    Arguments
    ---------
    known_hash : l'empreinte publiée, "md5:..." ou "sha256:...", ou None
    label : le nom du fichier dans les messages (« les poids de vgg16 »)
    check : une fonction du chemin, fausse si le contenu n'est pas du bon type (`is_hdf5`)

    Lève
    ----
    DownloadError
        pas de réseau, adresse fausse, serveur trop lent, disque plein, fichier reçu abîmé...
    """
    path = Path(folder, filename)
    label = label or f"le fichier « {filename} »"
    try:
        path = path.expanduser()
        present = path.exists()
        if present and not path.is_file():
            problem = f"« {path} » n'est pas un fichier ordinaire ; déplacez-le ou renommez-le."
            raise _failure(label, problem)
        if present and _is_good(path, known_hash, check):
            return path
        _refuse_offline(label)
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path, label):
            # Entre-temps, un autre programme l'a peut-être téléchargé.
            if path.is_file() and _is_good(path, known_hash, check):
                return path
            if present:
                say(f"Le fichier « {path} » est abîmé : il va être téléchargé de nouveau.")
            _download(url, path, known_hash, label, progress, check)
    except DownloadError as error:
        if not path.is_file():
            raise
        reason = str(error)
        raise DownloadError(
            f"Le fichier « {path} » est abîmé ou incomplet ; {reason[0].lower()}{reason[1:]}"
        ) from None
    except (OSError, RuntimeError, ValueError) as error:  # « ~inconnu », un octet nul...
        raise _failure(label, _disk_problem(error, path.parent)) from None
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


def is_hdf5(path):
    """Dit si `path` est un fichier HDF5 entier : ni page web, ni transfert coupé."""
    import h5py

    try:
        # L'en-tête donne la taille du fichier : la bibliothèque refuse celui qui est tronqué.
        with h5py.File(path, "r"):
            return True
    except OSError:
        return False


def read_url(url, max_bytes):
    """Renvoie les octets que donne l'adresse `url`, au plus `max_bytes`. Lève `DownloadError`."""
    label = f"« {url} »"
    _refuse_offline(label)
    content = bytearray()
    with contextlib.closing(_receive(url, label, PAGE_TIMEOUT)) as chunks:
        next(chunks)
        for chunk in chunks:
            content += chunk
            if len(content) > max_bytes:
                raise DownloadError(
                    f"Le contenu de {label} dépasse {megabytes(max_bytes / 1e6)} : "
                    "donnez une image plus légère."
                )
    return bytes(content)


def probe(url, limit=5.0):
    """Demande à l'adresse `url` si elle répond, sans rien en lire, en `limit` secondes au plus.

    Lève
    ----
    DownloadError
        elle ne répond pas, ou l'accès à internet est interdit
    """
    label = f"« {url} »"
    _refuse_offline(label)
    with contextlib.closing(_receive(url, label, limit, method="HEAD")) as answer:
        next(answer)


# --- Le fichier -------------------------------------------------------------------------------


@contextlib.contextmanager
def _alone(path, label):
    """Attend son tour : un seul programme à la fois télécharge `path`.

    Un programme tué perd son tour aussitôt ; celui qui n'avance plus (suspendu) n'est plus attendu.
    Le fichier n'étant posé que complet, deux tours à la fois ne feraient que du travail en double.
    """
    from filelock import FileLock, Timeout

    turn = FileLock(path.with_name(_LOCK.format(path.name)))
    start, told = time.time(), False
    while not turn.is_locked and time.time() - _last_sign(path.parent, start) < STUCK:
        try:
            turn.acquire(timeout=2)
        except Timeout:
            if not told:
                say(f"Un autre programme télécharge {label} : attente de la fin...")
            told = True
        except (OSError, RuntimeError):
            # Ce dossier ne sait pas réserver un fichier ; s'il refuse aussi d'écrire, la suite le
            # dira.
            break
    try:
        yield
    finally:
        # Effacé avant d'être rendu : celui qui attend regarde d'abord si le fichier est là.
        if turn.is_locked:
            with contextlib.suppress(OSError):
                os.unlink(turn.lock_file)
        turn.release()


def _last_sign(folder, start):
    """L'heure du dernier octet reçu par un brouillon de `folder`, et au moins `start`."""
    times = [start]
    for draft in folder.glob(_DRAFT.format("*")):
        with contextlib.suppress(OSError):
            times.append(draft.stat().st_mtime)
    return max(times)


def _download(url, path, known_hash, label, progress, check):
    """Écrit `path` d'un coup : un brouillon, que rien d'autre ne lit, prend son nom à la fin."""
    from tqdm import tqdm  # une barre de texte : celle des carnets, un widget, ne s'enregistre pas

    _sweep(path.parent)
    draft = path.with_name(_DRAFT.format(secrets.token_hex(6)))
    try:
        with (
            open(draft, "xb") as file,
            contextlib.closing(_receive(url, label)) as chunks,
            tqdm(
                desc=f"Téléchargement : {label}",
                total=next(chunks),
                unit="o",
                unit_scale=True,
                delay=BAR_DELAY,
                disable=not progress,
            ) as bar,
        ):
            for chunk in chunks:
                file.write(chunk)
                bar.update(len(chunk))
        if not _is_good(draft, known_hash, check):
            raise _failure(
                label,
                "le fichier reçu n'est pas celui qui est publié (transfert incomplet, ou page de "
                "connexion à internet) ; il n'a pas été gardé, réessayez plus tard.",
            )
        os.replace(draft, path)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()


def _is_good(path, known_hash, check):
    return is_intact(path, known_hash) and (check is None or check(path))


def _sweep(folder):
    """Efface les brouillons qu'un programme tué a laissés dans `folder`."""
    for draft in folder.glob(_DRAFT.format("*")):
        with contextlib.suppress(OSError):
            if time.time() - draft.stat().st_mtime > _STALE:
                draft.unlink()


# --- Le serveur -------------------------------------------------------------------------------


def _receive(url, label, limit=None, method="GET"):
    """Donne la taille annoncée par le serveur (ou None), puis le contenu, morceau par morceau.

    Un fil à part parle au serveur, qui peut tout faire attendre : son nom, ses en-têtes, chaque
    octet. L'attente est bornée ici, à `limit` secondes en tout ou à une vitesse minimale, et le fil
    est alors abandonné. Lève `DownloadError`.
    """
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    if not host:
        raise _failure(label, "cette adresse n'est pas valable ; vérifiez-la.")
    arrived, given_up = queue.Queue(4), threading.Event()
    start, received = time.monotonic(), 0

    def wait(patience, problem):
        left = (limit or GRACE + received / MIN_SPEED) - (time.monotonic() - start)
        try:
            item = arrived.get(timeout=max(0, min(patience, left)))
        except queue.Empty:
            raise _failure(label, f"le serveur {host} {problem}") from None
        if isinstance(item, Exception):
            raise _failure(label, _network_problem(item, host))
        return item

    threading.Thread(target=_talk, args=(url, method, arrived, given_up), daemon=True).start()
    try:
        yield wait(ANSWER_TIMEOUT, _SILENT)
        while chunk := wait(READ_TIMEOUT, _STALLED):
            received += len(chunk)
            yield chunk
    finally:
        given_up.set()


def _talk(url, method, arrived, given_up):
    """Le fil : met dans `arrived` la taille, les morceaux puis un morceau vide, ou une erreur."""

    def put(item):
        while not given_up.is_set():
            with contextlib.suppress(queue.Full):
                return arrived.put(item, timeout=0.2)

    try:
        with _open(url, method, given_up) as response:
            announced = int(response.headers.get("content-length", 0))
            put(announced or None)
            for chunk in response.iter_content(_CHUNK):
                put(chunk)
                if given_up.is_set():
                    return
            # `tell` compte les octets reçus ; d'anciens urllib3 ne voient pas qu'il en manque.
            put(b"" if response.raw.tell() >= announced else ConnectionAbortedError())
    except Exception as error:  # dite en français par l'autre fil
        put(error)


def _open(url, method, given_up):
    """La réponse à `url`, dont le contenu n'est pas encore lu, après quelques redirections."""
    import requests

    session = requests.Session()
    # requests lirait tout le contenu de chaque redirection, fût-il sans fin.
    redirection, session.get_redirect_target = session.get_redirect_target, lambda _: None
    # L'autre fil renonce le premier ; ce délai-ci termine celui-ci un peu plus tard.
    timeouts = (CONNECT_TIMEOUT, 2 * READ_TIMEOUT)
    for _ in range(_REDIRECTS + 1):
        response = session.request(method, url, headers=_HEADERS, stream=True, timeout=timeouts)
        location = redirection(response)
        if location is None or given_up.is_set():
            response.raise_for_status()
            return response
        response.close()
        url = urljoin(url, location)  # requests refuse ce qui n'est ni http, ni https
    raise requests.TooManyRedirects


# --- Les phrases ------------------------------------------------------------------------------

_SILENT = "n'a pas répondu à temps ; vérifiez la connexion à internet, puis réessayez."
_STALLED = "n'envoie plus rien, ou presque ; réessayez plus tard."


def _failure(label, problem):
    return DownloadError(f"Impossible de télécharger {label} : {problem}")


def _refuse_offline(label):
    if offline():
        raise _failure(
            label,
            "la variable GRADCAM_LAB_OFFLINE interdit l'accès à internet ; "
            "retirez-la pour l'autoriser.",
        )


def _network_problem(error, host):
    import requests

    if isinstance(error, requests.HTTPError):
        return _status_problem(error.response.status_code, host)
    if isinstance(error, requests.exceptions.SSLError):
        return (
            f"le certificat de {host} n'est pas reconnu ; un filtre du réseau de l'établissement "
            "intercepte peut-être la connexion."
        )
    if isinstance(error, (requests.exceptions.ChunkedEncodingError, ConnectionAbortedError)):
        return f"la connexion avec {host} a été coupée avant la fin ; réessayez."
    if isinstance(error, requests.ConnectionError):
        return f"le serveur {host} est injoignable ; vérifiez la connexion à internet."
    return f"le serveur {host} répond d'une façon incompréhensible ; vérifiez l'adresse."


def _status_problem(status, host):
    if status in (404, 410):
        return f"{host} répond que ce fichier n'existe pas (code {status}) ; vérifiez l'adresse."
    if status in (401, 403):
        return f"{host} en refuse l'accès (code {status})."
    if status == 429:
        return f"{host} a reçu trop de demandes (code 429) ; réessayez dans quelques minutes."
    return f"{host} répond par une erreur (code {status}) ; réessayez plus tard."


def _disk_problem(error, folder):
    reason = disk_reason(error) if isinstance(error, OSError) else "name"
    if reason == "full":
        return "le disque est plein ; libérez de la place."
    if reason == "protected":
        return f"le dossier « {folder} » est protégé contre l'écriture."
    if reason == "name":
        return f"« {folder} » n'est pas un nom de dossier possible ; choisissez-en un autre."
    return f"le dossier « {folder} » ne peut pas recevoir de fichier ; choisissez-en un autre."
