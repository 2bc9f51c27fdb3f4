"""Cette machine est-elle prête ? Une vérification par fonction, chacune avec son remède."""

import contextlib
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ..base.downloads import offline
from ..base.numbers import megabytes, seconds
from ..errors import GradcamLabError
from ..images.photos import samples
from ..models.catalogue import available_models, find_model, probe_weights, weights_intact
from .libraries import examine, requirements

__all__ = ["ERROR", "OK", "WARNING", "Check", "check_machine"]

OK, WARNING, ERROR = "ok", "attention", "erreur"

# En octets : ce que demandent `mini` et JupyterLab, puis VGG16 (voir le README).
_LEAST_MEMORY, _GOOD_MEMORY = 1.0e9, 2.0e9
_LEAST_DISK, _GOOD_DISK = 0.1e9, 1.0e9
_MAP_TIMEOUT = 300  # secondes
# Ce que JupyterLab doit servir pour montrer les widgets, et le paquet qui l'apporte.
_EXTENSIONS = {
    "@jupyter-widgets/jupyterlab-manager": "jupyterlab_widgets",
    "anywidget": "anywidget",
}


@dataclass(frozen=True)
class Check:
    """Dit l'état d'un point de la machine.

    Arguments
    ---------
    topic : ce qui est vérifié
    state : `OK`, `WARNING` (le cours fonctionne, avec moins) ou `ERROR` (à réparer avant la séance)
    said : ce qui a été trouvé
    remedy : que faire, ou ""
    """

    topic: str
    state: str
    said: str
    remedy: str = ""


def check_machine(names=()):
    """Donne les `Check` de cette machine, un par un.

    Arguments
    ---------
    names : les réseaux dont la séance a besoin ; sans eux, `mini`, livré avec le cours, suffit

    Lève
    ----
    UnknownModelError
        un réseau n'existe pas
    """
    wanted = [find_model(name) for name in names]
    return _all_checks(wanted)


def _all_checks(wanted):
    steps = {
        "Python": _python,
        "Bibliothèques": _libraries,
        "Widgets": _widgets,
        "Poids": lambda: _weights(wanted),
        "Photos": _photos,
        "Mémoire": _memory,
        "Disque": _disk,
        "Internet": _internet,
        "Carte": _map,
    }
    for topic, step in steps.items():
        try:
            for state, said, *remedy in step():
                yield Check(topic, state, said, *remedy)
        except Exception as error:  # une vérification qui échoue n'empêche pas les autres
            said = f"{type(error).__name__} : {error}"[:200]
            yield Check(topic, ERROR, f"cette vérification n'a pas abouti ({said})", _REINSTALL)


def _command(*words):
    """La commande à copier, avec le Python de cette machine."""
    join = subprocess.list2cmdline if os.name == "nt" else shlex.join
    return join([sys.executable or "python", "-m", *words])


def _pip(*words):
    return _command("pip", "install", *words)


_REINSTALL = f"depuis le dossier du cours : {_pip('-e', '.[lab]')}"


def _prepare(*names):
    return _command("gradcam_lab", "preparer", *names)


# --- Python et ses bibliothèques ----------------------------------------------------------------


def _python():
    from packaging.specifiers import SpecifierSet

    version = platform.python_version()
    said = f"{version}, {platform.system()} {platform.machine()}, {sys.prefix}"
    try:
        bounds = metadata.metadata("gradcam_lab")["Requires-Python"] or ""
    except metadata.PackageNotFoundError:
        bounds = ""
    if SpecifierSet(bounds).contains(version, prereleases=True):
        yield OK, said
    else:
        yield ERROR, said, f"il faut Python {bounds} : installez-le, puis relancez « make lab »"


def _libraries():
    wanted = requirements("lab")
    if not wanted:
        yield ERROR, "le cours n'est pas installé dans ce Python", _REINSTALL
        return
    # TensorFlow et Keras seront chargés à part, par la carte : sur un processeur trop ancien, ils
    # arrêtent net le programme.
    found = [examine(one, load=name not in ("tensorflow", "keras")) for name, one in wanted.items()]
    good = [f"{one.title} {one.version}" for one in found if not one.fault]
    yield OK, ", ".join(good)
    for library in found:
        if library.fault:
            said, _, remedy = library.problem(_pip).partition(" : tapez ")
            yield ERROR, said, remedy


def _widgets():
    try:
        from jupyter_core.paths import jupyter_path
        from jupyterlab_server.config import get_federated_extensions, get_page_config
    except ImportError:
        yield ERROR, "JupyterLab n'est pas installé dans ce Python", _pip("jupyterlab")
        return
    folders = jupyter_path("labextensions")
    found = get_federated_extensions(folders)
    disabled = {
        name.partition(":")[0] for name in get_page_config(folders).get("disabledExtensions", [])
    }
    shown = []
    for name, package in _EXTENSIONS.items():
        if name not in found:
            yield ERROR, f"JupyterLab n'a pas {name}", _pip("--force-reinstall", package)
        elif name in disabled:
            remedy = _command("jupyter", "labextension", "enable", name)
            yield ERROR, f"{name} est désactivé dans JupyterLab", remedy
        else:
            shown.append(f"{name} {found[name]['version']}")
    if len(shown) == len(_EXTENSIONS):
        yield OK, f"JupyterLab les affiche ({', '.join(shown)})"


# --- Les fichiers -------------------------------------------------------------------------------


def _weights(wanted):
    ready, large = [], False
    for info in available_models():
        if info.shipped:
            ready += [info.title] if info.cached else []
        elif weights_intact(info):
            ready.append(info.title)
            large = True
        elif info.cached:
            yield ERROR, f"ceux de {info.title} sont abîmés", _prepare(info.name)
        elif info in wanted:
            yield ERROR, f"ceux de {info.title} manquent", _prepare(info.name)
    if not find_model("mini").cached:
        yield ERROR, "ceux de mini, livrés avec le cours, manquent", _REINSTALL
    said = f"prêts : {', '.join(ready) or 'aucun'}"
    if large or wanted:
        yield OK, said
    else:
        yield WARNING, f"{said} ; mini remplacera VGG16", f"pour VGG16 : {_prepare('vgg16')}"


def _photos():
    infos = samples()
    missing = [info.name for info in infos if not info.available]
    lost = [info.name for info in infos if info.offline and not info.available]
    if lost:
        remedy = _pip("--force-reinstall", "scikit-image")
        yield ERROR, f"livrées avec scikit-image, manquent : {', '.join(lost)}", remedy
    elif missing:
        yield WARNING, f"à télécharger : {', '.join(missing)} ; Chelsea les remplacera", _prepare()
    else:
        yield OK, f"les {len(infos)} photos sont prêtes"


# --- La machine ---------------------------------------------------------------------------------


def _memory():
    import psutil

    free = psutil.virtual_memory().available
    # JupyterHub et Binder donnent ainsi la part de chaque élève.
    with contextlib.suppress(ValueError):
        free = min(free, int(os.environ.get("MEM_LIMIT") or free))
    said = f"{_gigabytes(free)} libres"
    if free < _LEAST_MEMORY:
        remedy = "fermez d'autres programmes ou d'autres carnets : il faut 1 Go pour mini"
        yield ERROR, said, remedy
    elif free < _GOOD_MEMORY:
        yield WARNING, said, "assez pour mini et MobileNetV2 ; pour VGG16, libérez-en 2 Go"
    else:
        yield OK, said


def _disk():
    folder = Path(os.path.expanduser(os.environ.get("KERAS_HOME") or "~/.keras")).absolute()
    folder = next(path for path in (folder, *folder.parents) if path.is_dir())
    free = shutil.disk_usage(folder).free
    said = f"{_gigabytes(free)} libres pour {folder}"
    if free < _LEAST_DISK:
        yield ERROR, said, "libérez de la place : les carnets ne pourraient pas être enregistrés"
    elif free < _GOOD_DISK:
        yield WARNING, said, "libérez 1 Go avant de télécharger VGG16"
    else:
        yield OK, said


def _gigabytes(size):
    return megabytes(size / 1e6) if size < 1e9 else f"{size / 1e9:.1f} Go".replace(".", ",")


def _internet():
    if offline():
        yield OK, "non utilisé : GRADCAM_LAB_OFFLINE l'interdit"
        return
    try:
        probe_weights()
        yield OK, "les poids peuvent être téléchargés"
    except GradcamLabError as error:
        said = str(error).partition(" : ")[2].rstrip(".")
        yield WARNING, said, "sans lui, le cours emploie ce qui est déjà sur cette machine"


# --- Une vraie carte ----------------------------------------------------------------------------


def _map():
    """Une carte de `mini`, dans un autre programme : un processeur trop ancien l'arrêterait net."""
    code = "from gradcam_lab.classroom.checkup import draw_map; draw_map()"
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_MAP_TIMEOUT,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "GRADCAM_LAB_OFFLINE": "1"},
        )
    except subprocess.TimeoutExpired:
        said = f"pas de carte en {seconds(_MAP_TIMEOUT)}"
        yield ERROR, said, "fermez d'autres programmes, puis recommencez"
        return
    try:
        result = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        if done.returncode in (-4, 0xC000001D):  # instruction inconnue du processeur
            said = "TensorFlow ne fonctionne pas sur ce processeur, trop ancien pour lui"
            yield ERROR, said, "prenez une autre machine, ou le cours dans Colab ou Binder"
            return
        last = (done.stderr.strip().splitlines() or [f"code {done.returncode}"])[-1]
        yield ERROR, f"le calcul s'est arrêté ({last[:150]})", _REINSTALL
        return
    if "problem" in result:
        yield ERROR, result["problem"], _pip("--upgrade", "tensorflow", "keras")
        return
    yield (
        OK,
        f"« {result['label']} » expliqué avec mini : TensorFlow chargé en "
        f"{seconds(result['load'])}, la première carte en {seconds(result['first'])}, la suivante "
        f"en {seconds(result['next'])}",
    )


def draw_map():
    """Calcule et superpose deux cartes de `mini`, et en écrit les durées, en JSON."""
    start = time.perf_counter()
    try:
        from ..base.quiet import load_tensorflow
        from ..images.overlay import superimpose
        from ..images.photos import sample
        from ..models.loading import load_model

        load_tensorflow()
        times = [time.perf_counter()]
        model = load_model("mini")
        for name in ("chelsea", "coffee"):
            image = sample(name)
            analysis = model.analyze(image)
            superimpose(analysis.heatmap(), image)
            times.append(time.perf_counter())
    except GradcamLabError as error:
        print(json.dumps({"problem": str(error).rstrip(".")}))
        return
    loaded, first, last = times
    label = model.analyze(sample("chelsea")).top(1)[0].label_fr
    durations = {"load": loaded - start, "first": first - loaded, "next": last - first}
    print(json.dumps({"label": label, **durations}))
