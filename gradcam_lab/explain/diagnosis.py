"""Dire pourquoi une carte est vide, ou pourquoi il ne faut pas s'y fier.

Une carte toute bleue se superpose à la photo comme une autre, et se lit de travers. Chaque
cause possible donne ici une phrase : ce qui s'est passé, et ce que l'on peut essayer.
"""

import numpy as np

__all__ = ["diagnose_map"]


def diagnose_map(activations, gradients, signed, *, target, layer, score, head, saturated, sign=1):
    """Renvoie la liste des phrases françaises sur une carte ; vide si tout va bien.

    `activations`, `gradients` : (h, w, C) ; `signed` : (h, w), la carte avant ReLU ;
    `target`, `layer` : les noms à citer ; `score` : « logit » ou « probability » ; `head` : la
    `ScoreHead` du réseau ; `saturated` : la probabilité vaut-elle 0 ou 1 en float32 ; `sign` : -1
    pour la carte de ce qui plaide contre la classe.
    """
    notes = []
    if head.repeated:
        notes.append(
            f"Ce réseau applique softmax (ou sigmoïde) deux fois à la suite : le « score » de la "
            f"classe « {target} » est déjà une probabilité. Retirez l'une des deux activations, "
            "puis entraînez à nouveau le réseau."
        )
    if not np.isfinite(activations).all():
        return [
            *notes,
            f"La couche « {layer} » contient des valeurs non finies (NaN ou infini) : vérifiez les "
            "poids du réseau et la préparation de l'image.",
        ]
    if not np.isfinite(gradients).all():
        return [
            *notes,
            f"Le gradient de la classe « {target} » contient des valeurs non finies (NaN ou "
            "infini) : vérifiez les poids des couches qui suivent "
            f"« {layer} », ou choisissez une couche plus profonde.",
        ]
    if head.binary and head.kind == "softmax":
        notes.append(
            "Ce réseau n'a qu'une sortie, suivie de softmax : sa probabilité vaut toujours 1. "
            "Remplacez softmax par sigmoïde, ou donnez deux sorties au réseau."
        )
    if score == "probability" and saturated:
        notes.append(_saturation(target, blank=not gradients.any()))
        if not gradients.any():
            return notes
    if not activations.any():
        notes.append(
            f"Toutes les activations de la couche « {layer} » sont nulles : la couche est "
            "« morte » pour cette image. Choisissez une autre couche, ou vérifiez la préparation "
            "de l'image et l'entraînement du réseau."
        )
    elif not gradients.any():
        notes.append(
            f"Le score de la classe « {target} » ne dépend pas de la couche « {layer} » pour cette "
            "image : tous ses gradients sont nuls. Une couche suivante est sans doute éteinte "
            "(ReLU à zéro partout) ; choisissez une couche plus profonde."
        )
    elif signed.max() <= 0 and sign < 0:
        notes.append(
            f"La couche « {layer} » ne contient aucun indice contre la classe « {target} » : la "
            "carte de ce qui plaide contre elle est vide."
        )
    elif signed.max() <= 0:
        notes.append(
            f"La couche « {layer} » ne contient que des indices contre la classe « {target} » : "
            "avant ReLU, la carte n'a aucune valeur positive. Choisissez une classe plus probable, "
            "une autre couche, ou la méthode « layercam », qui ne garde que les gradients positifs."
        )
    elif signed.size > 1 and np.ptp(signed) <= 1e-6 * np.abs(signed).max():
        notes.append(
            f"La carte de la couche « {layer} » a partout la même valeur : elle ne désigne aucun "
            "endroit de la photo. Choisissez une couche moins profonde, dont la carte est fine."
        )
    return notes


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
