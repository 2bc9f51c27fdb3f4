"""Expliquer les photos de la commande, l'une après l'autre.

Tout ce qui peut être vérifié l'est avant le premier calcul. Si l'écriture échoue en cours de route
(disque plein), les photos déjà terminées restent.
"""

import contextlib
import io

from ..base.messages import say
from ..errors import OutputError, SettingError, UnknownClassError, WeightsUnavailableError
from .arguments import parse
from .lists import list_classes, list_layers, list_methods, list_models
from .options import PHOTOS
from .photos import plan, progress

__all__ = ["execute"]

DEFAULT_MODEL = "vgg16"


def execute(argv):
    """Exécute la commande ; lève `GradcamLabError` si elle ne peut pas l'être."""
    options = parse(argv, PHOTOS)
    name = options.modele or DEFAULT_MODEL
    if options.liste_modeles:
        list_models()
    elif options.liste_couches:
        list_layers(name)
    elif options.liste_classes:
        list_classes(name)
    elif options.liste_methodes:
        list_methods(name, options.couche)
    elif options.photos:
        _explain_all(options)
    else:
        raise SettingError("Donnez au moins une photo : python -m gradcam_lab PHOTO.")


def _explain_all(options):
    from ..images.writing import as_path, check_folder
    from ..methods.registry import find_method

    _check_settings(options)
    folder = as_path(options.sortie)
    check_folder(folder, create=True)
    jobs = plan(options, folder)
    model = _load_model(options.modele)
    target = None if options.classe is None else _find_class(model, options.classe)
    layer = None
    if find_method(options.methode).takes_layer:
        layer = model.find_layer(options.couche)
    with _created(folder), progress(jobs, "Photos") as bar:
        for job in bar:
            _explain(model, job, target, layer, options)


def _check_settings(options):
    from ..images import check_overlay
    from ..methods.registry import find_method
    from ..models import catalogue

    catalogue.find_model(options.modele or DEFAULT_MODEL)
    method = find_method(options.methode)
    if options.couche is not None and not method.takes_layer:
        raise SettingError(
            f"La méthode « {method.name} » part de l'image, et non d'une couche : retirez --couche."
        )
    check_overlay(options.opacite, colormap=options.palette, blend=options.melange)


# --- Le réseau --------------------------------------------------------------------------------


def _load_model(name):
    """Charge le réseau nommé ; sans nom, le réseau par défaut ou, hors ligne, `mini`."""
    from ..models import catalogue
    from ..models.loading import load_model

    try:
        return load_model(name or DEFAULT_MODEL, fallback=name is None)
    except WeightsUnavailableError as error:
        own = catalogue.find_model(name or DEFAULT_MODEL)
        ready = [info.name for info in catalogue.available_models() if info.cached and info != own]
        if not ready:
            raise
        raise WeightsUnavailableError(
            f"{str(error).rstrip('.')} ; ou choisissez, sans téléchargement, --modele "
            f"{' ou '.join(ready)}."
        ) from None


def _find_class(model, query):
    """Renvoie l'indice d'une classe ; inconnue, l'erreur dit comment les voir toutes."""
    try:
        return model.find_class(query)
    except UnknownClassError as error:
        text = f"{str(error).rstrip(' .?')} (--liste-classes énumère toutes les classes)"
        raise UnknownClassError(text + (" ?" if str(error).endswith("?") else ".")) from None


# --- Une photo --------------------------------------------------------------------------------


@contextlib.contextmanager
def _created(folder):
    """Crée le dossier de sortie ; le retire s'il reste vide après un échec."""
    created = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            raise OutputError(
                f"Le dossier « {folder} » n'a pas pu être créé : choisissez-en un autre avec "
                "--sortie."
            ) from None
        yield
    except BaseException:
        for one in created:
            with contextlib.suppress(OSError):
                one.rmdir()  # refusé, et c'est voulu, s'il contient un résultat
        raise


def _explain(model, job, target, layer, options):
    from tqdm import tqdm

    from ..figures.saving import save
    from ..methods.registry import find_method

    analysis = model.analyze(job.source)
    predictions = analysis.top(options.combien)
    explained = predictions[0].index if target is None else target
    notes = io.StringIO()
    # Ce que l'enregistrement dirait (une carte vide) vient après le nom de la photo.
    with contextlib.redirect_stdout(notes):
        heatmap, overlay = save(
            analysis,
            job.path,
            explained,
            layer=layer,
            method=options.methode,
            alpha=options.opacite,
            colormap=options.palette,
            blend=options.melange,
            overwrite=options.ecraser,
            progress=find_method(options.methode).runs is not None,
        )
    name = analysis.prediction(explained).label_fr
    lines = [f"{job.path.stem} : ce que voit {model.name}"]
    lines += [f"  {p.percent:>9}  {p.label_fr}" for p in predictions]
    where = f"couche {layer}, " if layer else ""
    lines += [f"Classe expliquée : {name} ({where}méthode {options.methode})"]
    lines += notes.getvalue().splitlines()
    lines += [f"Carte de chaleur : {heatmap}", f"Superposition    : {overlay}"]
    with tqdm.external_write_mode():  # sans déranger la barre de progression
        say("\n".join(lines))
