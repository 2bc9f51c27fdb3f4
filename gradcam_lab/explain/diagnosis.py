"""Dire pourquoi une carte est vide, ou pourquoi il ne faut pas s'y fier.

Une carte toute bleue se superpose à la photo comme une autre, et se lit de travers. Chaque
cause possible donne ici une phrase : ce qui s'est passé, et ce que l'on peut essayer.
"""

import numpy as np

__all__ = ["diagnose_map"]


def diagnose_map(
    activations,
    gradients,
    signed,
    *,
    target,
    layer,
    score,
    head,
    saturated,
    sign=1,
    title="Grad-CAM",
):
    """Renvoie la liste des phrases françaises sur une carte ; vide si tout va bien.

    `activations`, `gradients` : (h, w, C), ou None si la méthode ne s'en sert pas ; `signed` :
    (h, w), la carte avant ReLU ; `target`, `layer`, `title` : les noms de la classe, de la couche
    et de la méthode ; `score` : « logit » ou « probability » ; `head` : la `ScoreHead` du réseau ;
    `saturated` : la probabilité vaut-elle 0 ou 1 en float32 ; `sign` : -1 pour la carte de ce qui
    plaide contre la classe.
    """
    notes = []
    if head.repeated:
        notes.append(
            f"Ce réseau applique softmax (ou sigmoïde) deux fois à la suite : le « score » de la "
            f"classe « {target} » est déjà une probabilité. Retirez l'une des deux activations, "
            "puis entraînez à nouveau le réseau."
        )
    broken = _not_finite(activations, gradients, signed, target, layer, title)
    if broken:
        return [*notes, broken]
    if head.constant:
        notes.append(
            "Ce réseau n'a qu'une sortie, suivie de softmax : sa probabilité vaut toujours 1. "
            "Remplacez softmax par sigmoïde, ou donnez deux sorties au réseau."
        )
    still = gradients is not None and not gradients.any()
    if score == "probability" and saturated and gradients is not None:
        notes.append(_saturation(target, blank=still))
        if still:
            return notes
    where = f"La couche « {layer} » ne contient" if layer else f"{title} ne trouve"
    if activations is not None and not activations.any():
        notes.append(
            f"Toutes les activations de la couche « {layer} » sont nulles : la couche est "
            "« morte » pour cette image. Choisissez une autre couche, ou vérifiez la préparation "
            "de l'image et l'entraînement du réseau."
        )
    elif still:
        notes.append(
            f"Le score de la classe « {target} » ne dépend pas de la couche « {layer} » pour cette "
            "image : tous ses gradients sont nuls. Une couche suivante est sans doute éteinte "
            "(ReLU à zéro partout) ; choisissez une couche plus profonde."
        )
    elif not signed.any():
        notes.append(
            f"La carte de {title} est nulle partout : cette méthode ne trouve rien qui change le "
            f"score de la classe « {target} »."
        )
    elif signed.max() <= 0 and sign < 0:
        notes.append(
            f"{where} aucun indice contre la classe « {target} » : la carte de ce qui plaide "
            "contre elle est vide."
        )
    elif signed.max() <= 0:
        notes.append(
            f"{where} que des indices contre la classe « {target} » : avant ReLU, la carte n'a "
            "aucune valeur positive. Choisissez une classe plus probable, une autre couche, ou la "
            "méthode « layercam », qui ne garde que les gradients positifs."
        )
    elif signed.size > 1 and np.ptp(signed) <= 1e-6 * np.abs(signed).max():
        notes.append(
            f"La carte de la couche « {layer} » a partout la même valeur : elle ne désigne aucun "
            "endroit de la photo. Choisissez une couche moins profonde, dont la carte est fine."
            if layer
            else f"La carte de {title} a partout la même valeur : elle ne désigne aucun endroit de "
            "la photo."
        )
    return notes


def _not_finite(activations, gradients, signed, target, layer, title):
    """La phrase qui dit où sont les valeurs non finies ; vide s'il n'y en a pas."""
    if activations is not None and not np.isfinite(activations).all():
        return (
            f"La couche « {layer} » contient des valeurs non finies (NaN ou infini) : vérifiez les "
            "poids du réseau et la préparation de l'image."
        )
    if gradients is not None and not np.isfinite(gradients).all():
        return (
            f"Le gradient de la classe « {target} » contient des valeurs non finies (NaN ou "
            "infini) : vérifiez les poids des couches qui suivent "
            f"« {layer} », ou choisissez une couche plus profonde."
        )
    if gradients is None and not np.isfinite(signed).all():
        return (
            f"La carte de {title} contient des valeurs non finies (NaN ou infini) : vérifiez les "
            "poids du réseau et la préparation de l'image."
        )
    return ""


def _saturation(target, blank):
    start = f"La probabilité de la classe « {target} » est saturée (0 ou 1, au calcul près) : "
    if blank:
        return start + (
            'son gradient est nul et la carte reste vide. Demandez score="logit", le score avant '
            "softmax."
        )
    return start + (
        "son gradient est presque nul, et le calcul habituel en float32 donnerait une carte vide "
        'ou du bruit. Préférez score="logit", le score avant softmax.'
    )
