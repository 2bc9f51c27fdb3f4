"""Enregistrer la carte de chaleur et la superposition d'une analyse, les deux ou aucune."""

import os

from ..errors import OutputError, SettingError
from ..images import (
    ALPHA,
    BLEND,
    COLORMAP,
    check_overlay,
    check_writable,
    colorize,
    superimpose,
    write_images,
)
from ..images.writing import as_path

__all__ = ["output_paths", "save"]


def save(
    analysis,
    path,
    target=None,
    *,
    layer=None,
    method="gradcam",
    score="logit",
    alpha=ALPHA,
    colormap=COLORMAP,
    blend=BLEND,
    overwrite=False,
    progress=False,
):
    """Écrit la carte de chaleur et la superposition d'une analyse, les deux ou aucune.

    Les deux images ont la taille de la photo. Une carte vide est enregistrée aussi, et sa cause est
    affichée.

    Arguments
    ---------
    analysis : ce que renvoie `model.analyze(photo)`
    path : le modèle des deux noms : « dalmatien.jpg » donne `dalmatien_heatmap.jpg` et
        `dalmatien_gradcam.jpg` dans le même dossier ; « dalmatien.jpg » lui-même n'est jamais
        touché ; l'extension est .jpg (par défaut), .jpeg, .png ou .webp
    target, layer, method, score : comme pour `analysis.heatmap`
    alpha, colormap, blend : comme pour `superimpose`
    overwrite : remplace les fichiers déjà présents
    progress : montrer une barre de progression, pour les méthodes longues

    Rend
    ----
    couple de Path
        les chemins de la carte et de la superposition

    Lève
    ----
    OutputError
        un fichier existe déjà, ne peut pas être écrit, ou la photo est trop grande pour son format
    SettingError, UnknownClassError, UnknownLayerError, UnknownMethodError
        comme `analysis.heatmap` et `superimpose`

    Exemple
    -------
    >>> gl.save(analysis, "dalmatien.png", target="dalmatien", blend="mix")  # doctest: +SKIP
    """
    if not hasattr(analysis, "heatmap"):
        raise SettingError(
            "gl.save attend d'abord une analyse, celle que renvoie model.analyze(photo), et non un "
            f"objet de type {type(analysis).__name__}."
        )
    paths = output_paths(path)
    width, height = analysis.image.size
    # Avant le calcul : personne n'attend une carte qui ne pourra pas être écrite.
    check_writable(paths, overwrite, size=(height, width))
    check_overlay(alpha, colormap=colormap, blend=blend)
    heatmap = analysis.heatmap(target, layer=layer, method=method, score=score, progress=progress)
    pictures = (
        colorize(heatmap, (height, width), colormap=colormap),
        superimpose(heatmap, analysis.image, alpha, colormap=colormap, blend=blend),
    )
    return tuple(write_images(zip(pictures, paths), overwrite=overwrite))


def output_paths(path):
    """Renvoie les chemins de la carte et de la superposition tirés du modèle `path`."""
    path = as_path(path)
    if os.path.isdir(path) or not path.name:
        raise OutputError(
            f"« {path} » est un dossier : donnez aussi un nom, par exemple "
            f"« {path / 'photo.jpg'} »."
        )
    suffix = path.suffix or ".jpg"
    return tuple(path.with_name(f"{path.stem}_{kind}{suffix}") for kind in ("heatmap", "gradcam"))
