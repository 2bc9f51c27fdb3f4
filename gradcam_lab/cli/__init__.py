"""La ligne de commande : `python -m gradcam_lab PHOTO [PHOTO ...]`.

Tout ce qui peut être vérifié l'est avant le premier calcul : si une seule photo, une option ou un
fichier de sortie ne convient pas, rien n'est écrit. Code de retour : 0 ; 2 avec une phrase en
français sur la sortie d'erreur ; 130 après Ctrl-C. Si l'écriture échoue en cours de route (disque
plein), les photos déjà terminées restent.
"""

import contextlib
import re
import sys
import warnings
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..base.messages import say
from ..base.numbers import megabytes
from ..errors import GradcamLabError, OutputError, WeightsUnavailableError
from .arguments import ArgumentsError, make_parser


def main(argv=None):
    """Exécute la commande avec les arguments `argv` et renvoie son code de retour."""
    for stream in (sys.stdout, sys.stderr):
        # Une console qui ne connaît pas « é » ne doit pas arrêter le calcul.
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="replace")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # « intermixed » : une option peut être écrite entre deux photos.
            _run(make_parser().parse_intermixed_args(argv))
    except (GradcamLabError, ArgumentsError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrompu : les photos déjà terminées sont enregistrées.", file=sys.stderr)
        return 130
    return 0


def _run(options):
    if options.liste_modeles:
        _list_models()
        return
    if not options.photos and not options.liste_couches:
        raise ArgumentsError("Donnez au moins une photo : python -m gradcam_lab PHOTO.")
    _check_options(options)
    jobs = _plan(options)
    model = _load_model(options.modele)
    if options.liste_couches:
        _list_layers(model)
        return
    target = None if options.classe is None else model.find_class(options.classe)
    layer = model.default_layer if options.couche is None else model.find_layer(options.couche)
    with _folder(Path(options.sortie)), _progress(jobs) as bar:
        for image, path in bar:
            _explain(model, image, path, target, layer, options)


# --- Avant le calcul --------------------------------------------------------------------------


def _check_options(options):
    from ..images import check_overlay
    from ..methods.registry import find_method
    from ..models import catalogue as zoo

    if options.combien < 1:
        raise ArgumentsError("L'option --combien attend un nombre d'au moins 1.")
    zoo.find_model(options.modele)
    find_method(options.methode)
    check_overlay(options.opacite, options.palette)


def _plan(options):
    """Vérifie les photos et les fichiers à écrire ; renvoie les couples (photo, modèle de nom)."""
    from ..figures.saving import output_paths
    from ..images import check_writable, load_image

    folder = Path(options.sortie).expanduser()
    jobs, seen = [], {}
    for photo in options.photos:
        address = re.match(r"https?://", photo, re.IGNORECASE)
        name = unquote(Path(urlsplit(photo).path).stem) if address else Path(photo).stem
        path = folder / f"{name or 'photo'}.jpg"
        if path in seen:
            raise OutputError(
                f"« {seen[path]} » et « {photo} » donneraient les mêmes fichiers de sortie : "
                "renommez l'une des photos, ou traitez-les l'une après l'autre dans deux dossiers."
            )
        seen[path] = photo
        # Chaque photo est décodée une première fois en entier, pour ne découvrir aucun fichier
        # abîmé au milieu du travail ; seules celles du réseau sont gardées en mémoire.
        image = load_image(photo)
        jobs.append((image if address else photo, path))
    _check_folder(folder)
    if folder.is_dir():
        check_writable([out for path in seen for out in output_paths(path)], options.ecraser)
    return jobs


def _check_folder(folder):
    """Vérifie que le dossier de sortie existe ou peut être créé, sans le créer."""
    import os

    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise OutputError(
            f"« {existing} » n'est pas un dossier : choisissez-en un autre avec --sortie."
        )
    if not os.access(existing, os.W_OK | os.X_OK):
        raise _protected(existing)


def _protected(folder):
    return OutputError(
        f"Le dossier « {folder} » est protégé contre l'écriture : choisissez-en un autre avec "
        "--sortie."
    )


# --- Le calcul --------------------------------------------------------------------------------


def _load_model(name):
    from ..base.quiet import load_tensorflow

    load_tensorflow()
    from ..models.loading import load_model

    try:
        return load_model(name, fallback=False)
    except WeightsUnavailableError as error:
        raise WeightsUnavailableError(_or_ready(str(error), name)) from None


def _or_ready(problem, name):
    """Ajoute au problème, dans la même phrase, les réseaux déjà prêts."""
    from ..models import catalogue as zoo

    ready = [info.name for info in zoo.available_models() if info.cached and info.name != name]
    if not ready:
        return problem
    problem = problem.rstrip(".")
    return f"{problem} ; ou choisissez, sans téléchargement, --modele {' ou '.join(ready)}."


@contextlib.contextmanager
def _folder(folder):
    """Crée le dossier de sortie ; le retire s'il reste vide après un échec."""
    folder = folder.expanduser()
    created = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            raise _protected(folder.parent) from None
        yield
    except BaseException:
        for one in created:
            with contextlib.suppress(OSError):
                one.rmdir()  # refusé, et c'est voulu, s'il contient un résultat
        raise


def _progress(jobs):
    from tqdm import tqdm

    return tqdm(jobs, desc="Photos", unit="photo", disable=len(jobs) < 2)


def _explain(model, image, path, target, layer, options):
    from ..figures.saving import save

    analysis = model.analyze(image)
    predictions = analysis.top(options.combien)
    explained = predictions[0].index if target is None else target
    heatmap, overlay = save(
        analysis,
        path,
        target=explained,
        layer=layer,
        method=options.methode,
        alpha=options.opacite,
        colormap=options.palette,
        overwrite=options.ecraser,
    )
    name = analysis.prediction(explained).label_fr
    lines = [f"{path.stem} : ce que voit {model.name}"]
    lines += [f"  {p.percent:>9}  {p.label_fr}" for p in predictions]
    lines += [
        f"Classe expliquée : {name} (couche {layer}, méthode {options.methode})",
        f"Carte de chaleur : {heatmap}",
        f"Superposition    : {overlay}",
    ]
    _print("\n".join(lines))


def _print(text):
    """Écrit le texte sans le mêler à la barre de progression."""
    from tqdm import tqdm

    with tqdm.external_write_mode():
        say(text)


# --- Les listes -------------------------------------------------------------------------------


def _list_models():
    from ..models import catalogue as zoo

    for info in zoo.available_models():
        height, width = info.input_size
        missing = f"{megabytes(info.megabytes)} à télécharger" if info.megabytes else "indisponible"
        state = "prêt" if info.cached else missing
        say(f"{info.name:<16} {info.title} ({height} × {width}), {state}")


def _list_layers(model):
    for layer in model.layers:
        mark = "  (par défaut)" if layer.name == model.default_layer else ""
        say(f"{layer.name:<32} {layer.height} × {layer.width} × {layer.channels}{mark}")
