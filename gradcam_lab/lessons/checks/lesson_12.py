"""Leçon 12, le projet : des photos utilisables, une hypothèse qui peut échouer, des nombres vrais.

Ces corrections ne jugent ni la question ni la conclusion : c'est le travail de qui lit le rapport.
"""

import hashlib
import json

import numpy as np

from ...errors import GradcamLabError
from ...images import load_image
from ..correction import RIGHT, correct

__all__ = ["check_experiment", "check_hypothesis", "check_photos"]

ENOUGH = 5  # photos
TOP = "la plus probable"
_FIELDS = ("question", "classe", "zone", "prédiction", "au moins")
# Une prédiction qui contient l'un de ces mots est juste quoi qu'il arrive.
_EVASIVE = ("peut-être", "peut être", "parfois", "éventuellement", "ou non", "ou pas")


def check_photos(photos):
    """Vérifie les photos du projet de la leçon 12, et affiche une phrase.

    Arguments
    ---------
    photos : dict {nom: photo}, ce que rend `gl.lessons.collect_photos`
    """
    correct(_photos, ... if photos is ... or photos == {} else photos)


def check_hypothesis(hypothesis, zones, photos, network, maps=()):
    """Vérifie l'hypothèse du projet de la leçon 12 avant les cartes, et affiche une phrase.

    La phrase donne le sceau de l'hypothèse : un autre texte, ou d'autres zones, en auraient un
    autre.

    Arguments
    ---------
    hypothesis : dict de clés "question", "classe", "zone", "prédiction" et "au moins"
    zones : dict {nom de photo: (gauche, haut, largeur, hauteur)}, en pixels
    photos : dict {nom: photo}
    network : le `gl.Classifier` du projet
    maps : les cartes déjà calculées ; il ne doit pas y en avoir encore
    """
    context = zones, photos, network, maps
    correct(_hypothesis, ... if _untouched(hypothesis) else hypothesis, *context)


def check_experiment(table, hypothesis, photos, changed, controls, network):
    """Recalcule l'expérience du projet de la leçon 12, et affiche une phrase.

    Arguments
    ---------
    table : dict {nom de photo: (avant, après, témoin)}, des scores avant softmax ; « témoin » est
        la moyenne des scores des images témoins
    hypothesis : dict, comme pour `check_hypothesis`
    photos : dict {nom: photo}
    changed : dict {nom: image}, la photo où la zone est cachée
    controls : dict {nom: liste d'images}, la photo où autre chose est caché
    network : le `gl.Classifier` du projet
    """
    waiting = table is ... or table == {} or _untouched(hypothesis)
    context = hypothesis, photos, changed, controls, network
    correct(_experiment, ... if waiting else table, *context)


def _untouched(hypothesis):
    """Aucun trou n'est encore rempli."""
    values = hypothesis.values() if isinstance(hypothesis, dict) else [hypothesis]
    return all(value is ... for value in values)


# --- Les photos -------------------------------------------------------------------------------


def _photos(photos):
    if not isinstance(photos, dict):
        return "Pas encore : donnez ce que rend `gl.lessons.collect_photos`, sans le changer."
    thumbnails = {}
    for name, photo in photos.items():
        try:
            image = load_image(photo)
        except GradcamLabError as error:
            return f"Pas encore : la photo « {name} » ne se lit pas. {error}"
        thumbnail = np.asarray(image.convert("L").resize((16, 16)), np.float32)
        for other, seen in thumbnails.items():
            if min(np.abs(thumbnail - s).mean() for s in (seen, seen[:, ::-1])) < 2:
                return (
                    f"Pas encore : « {other} » et « {name} » sont la même photo, peut-être "
                    "retournée ou réduite. Une copie ne compte pas pour une photo de plus."
                )
        thumbnails[name] = thumbnail
    if len(photos) < ENOUGH:
        count = "1 photo" if len(photos) == 1 else f"{len(photos)} photos"
        return (
            f"Pas encore : {count}, et il en faut au moins {ENOUGH} : un résultat sur si peu de "
            "photos peut venir du hasard."
        )
    return f"{RIGHT}{len(photos)} photos différentes, toutes lisibles."


# --- L'hypothèse ------------------------------------------------------------------------------


def _hypothesis(hypothesis, zones, photos, network, maps):
    if not isinstance(hypothesis, dict) or set(hypothesis) != set(_FIELDS):
        return f"Pas encore : gardez les cinq clés de l'hypothèse : {', '.join(_FIELDS)}."
    if missing := [field for field in _FIELDS if hypothesis[field] is ...]:
        return f"Pas encore : il reste à remplir « {missing[0]} »."
    if not photos:
        return "Pas encore : réunissez d'abord vos photos."
    problem = (
        _not_a_question(hypothesis)
        or _not_a_class(hypothesis["classe"], network)
        or _not_a_prediction(hypothesis["prédiction"])
        or _not_a_count(hypothesis["au moins"], len(photos))
        or _not_zones(zones, photos)
    )
    if problem:
        return problem
    seal = _seal(hypothesis, zones)
    if len(maps):
        return (
            f"Votre hypothèse est complète (sceau {seal}), mais des cartes existent déjà. Si ce "
            "sceau est celui d'avant les cartes, tout va bien ; sinon, l'hypothèse a été écrite "
            "après elles : éprouvez-la sur d'autres photos."
        )
    return f"{RIGHT}Votre hypothèse peut échouer, et aucune carte n'existe encore. Sceau : {seal}."


def _seal(hypothesis, zones):
    """Huit signes qui changent dès que l'hypothèse ou une zone change."""
    text = {str(name): [float(n) for n in zone] for name, zone in zones.items()}
    said = {field: str(hypothesis[field]).strip() for field in _FIELDS}
    written = json.dumps([said, text], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()[:8]


def _not_a_question(hypothesis):
    question = str(hypothesis["question"]).strip()
    if not question.endswith("?") or len(question.split()) < 4:
        return "Pas encore : la question est une phrase, qui finit par un point d'interrogation."
    if not str(hypothesis["zone"]).strip():
        return "Pas encore : dites en quelques mots ce que vous cacherez : « les oreilles »."
    return None


def _not_a_class(name, network):
    if name == TOP:
        return None
    try:
        network.find_class(name)
    except GradcamLabError as error:
        return f"Pas encore : votre réseau ne connaît pas cette classe. {error}"
    return None


def _not_a_prediction(prediction):
    text = str(prediction).casefold()
    if evasive := next((word for word in _EVASIVE if word in text), None):
        return (
            f"Pas encore : avec « {evasive} », la prédiction est juste quoi qu'il arrive. Dites ce "
            "qui doit baisser, et par rapport à quoi."
        )
    if len(text.split()) < 5:
        return "Pas encore : dites en une phrase ce qui doit se passer, et par rapport à quoi."
    return None


def _not_a_count(count, total):
    whole = isinstance(count, (int, np.integer)) and not isinstance(count, bool)
    if not whole or not 1 <= count <= total:
        return f"Pas encore : « au moins » est un nombre de photos, un entier de 1 à {total}."
    if 2 * count <= total:
        return (
            f"Pas encore : {count} sur {total}, pile ou face y arriverait une fois sur deux ou "
            "davantage. Demandez plus de la moitié des photos."
        )
    return None


def _not_zones(zones, photos):
    if not isinstance(zones, dict):
        return "Pas encore : donnez une zone par photo, dans `zones`."
    if absent := [name for name in photos if name not in zones]:
        return f"Pas encore : la photo « {absent[0]} » n'a pas de zone."
    if extra := [name for name in zones if name not in photos]:
        return f"Pas encore : aucune photo ne s'appelle « {extra[0]} »."
    for name, zone in zones.items():
        width, height = load_image(photos[name]).size
        try:
            x, y, w, h = (float(n) for n in zone)
        except (TypeError, ValueError):
            return (
                f"Pas encore : la zone de « {name} » est faite de quatre nombres : gauche, haut, "
                "largeur, hauteur."
            )
        if not (x >= 0 and y >= 0 and w >= 1 and h >= 1 and x + w <= width and y + h <= height):
            return (
                f"Pas encore : la zone de « {name} » sort de la photo, qui fait {width} × {height} "
                "pixels. L'ordre est gauche, haut, largeur, hauteur."
            )
        # Plus grande, aucune zone témoin ne tiendrait à côté.
        if w > width / 2 and h > height / 2:
            return (
                f"Pas encore : la zone de « {name} » dépasse la moitié de la photo en largeur et "
                "en hauteur. Il ne reste pas de place pour en cacher une autre, de même taille."
            )
    return None


# --- L'expérience -----------------------------------------------------------------------------


def _experiment(table, hypothesis, photos, changed, controls, network):
    names = set(photos)
    for title, values in {"table": table, "changed": changed, "controls": controls}.items():
        if not isinstance(values, dict) or set(values) != names:
            return f"Pas encore : `{title}` doit avoir une ligne par photo, et les mêmes noms."
    followed = 0
    for name in photos:
        problem = _not_a_fair_test(name, photos[name], changed[name], controls[name])
        if problem:
            return problem
        before, after, control, target = _scores(
            hypothesis, photos[name], changed[name], controls[name], network
        )
        problem = _not_this_row(name, table[name], (before, after, control))
        if problem:
            return problem + _probability(table[name], photos[name], target, network)
        followed += after < control
    total, wanted = len(photos), hypothesis["au moins"]
    verdict = (
        "l'hypothèse résiste à cette expérience ; elle n'est pas démontrée"
        if followed >= wanted
        else "l'hypothèse est réfutée par cette expérience, et c'est un résultat"
    )
    return (
        f"{RIGHT}Vos nombres sont ceux du réseau. La prédiction se vérifie sur {followed} photo"
        f"{'s' * (followed > 1)} sur {total}, et vous en demandiez au moins {wanted} : {verdict}."
    )


def _scores(hypothesis, photo, changed, controls, network):
    """Les trois scores recalculés, et la classe : celle de la photo intacte, partout."""
    analysis = network.analyze(photo)
    wanted = hypothesis["classe"]
    target = analysis.top(1)[0].index if wanted == TOP else network.find_class(wanted)
    after = network.analyze(changed).scores[target]
    control = np.mean([network.analyze(image).scores[target] for image in controls])
    return float(analysis.scores[target]), float(after), float(control), target


def _not_a_fair_test(name, photo, changed, controls):
    """Ce qui empêche de comparer l'image changée à ses témoins, ou None."""
    photo = np.asarray(load_image(photo), int)
    try:
        images = [np.asarray(load_image(image), int) for image in (changed, *controls)]
    except (TypeError, GradcamLabError):
        return f"Pas encore : pour « {name} », donnez une image changée et une liste de témoins."
    if len(images) < 2:
        return f"Pas encore : « {name} » n'a aucun témoin, et rien à quoi comparer."
    if any(image.shape != photo.shape for image in images):
        return f"Pas encore : une image de « {name} » n'a pas la taille de la photo."
    sizes = [int((image != photo).any(axis=-1).sum()) for image in images]
    if sizes[0] == 0:
        return f"Pas encore : la photo « {name} » est intacte, rien n'y est caché."
    if min(sizes[1:]) == 0:
        return f"Pas encore : un témoin de « {name} » est intact. Cachez-y autre chose."
    if any(np.array_equal(images[0], image) for image in images[1:]):
        return f"Pas encore : un témoin de « {name} » cache la zone elle-même."
    if not 2 / 3 < np.mean(sizes[1:]) / sizes[0] < 3 / 2:
        return (
            f"Presque : les témoins de « {name} » ne cachent pas autant de points que l'essai. "
            "Sinon, la différence peut venir de la taille seule."
        )
    return None


def _not_this_row(name, row, expected):
    try:
        found = np.asarray(row, np.float64)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.shape != (3,) or not np.isfinite(found).all():
        return f"Pas encore : la ligne de « {name} » a trois nombres : avant, après, témoin."
    if _near(found, expected):
        return None
    before, after, control = expected
    if _near(found, (before, control, after)):
        return f"Presque : pour « {name} », « après » et « témoin » sont échangés."
    if _near(found, (after, before, control)):
        return f"Presque : pour « {name} », « avant » et « après » sont échangés."
    if _near(found[1:], (before - after, before - control)):
        return f"Presque : pour « {name} », écrivez les scores, et non leurs baisses."
    wrong = ("avant", "après", "témoin")[int(np.argmax(np.abs(found - expected)))]
    return f"Pas encore : pour « {name} », le réseau donne un autre nombre que votre « {wrong} »."


def _probability(row, photo, target, network):
    """Une phrase de plus si le premier nombre est une probabilité."""
    try:
        probability = float(network.analyze(photo).probabilities[target])
        same = min(abs(float(row[0]) - p) for p in (probability, 100 * probability)) < 0.005
    except (TypeError, ValueError, IndexError, KeyError):
        return ""
    return " C'est une probabilité : prenez le score, `analysis.scores`." if same else ""


def _near(found, expected):
    expected = np.asarray(expected)
    return bool(np.all(np.abs(found - expected) <= 0.01 + 0.01 * np.abs(expected)))
