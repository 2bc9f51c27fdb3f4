"""Enregistrer la carte de chaleur et la superposition d'une analyse, les deux ou aucune."""

from pathlib import Path

from ..errors import OutputError
from ..images import check_writable, colorize, superimpose, write_images


def save(
    analysis,
    path,
    target=None,
    layer=None,
    method="gradcam",
    score="logit",
    alpha=0.4,
    colormap="jet",
    overwrite=False,
):
    """Écrit la carte de chaleur et la superposition, et renvoie leurs deux chemins.

    `path` sert de modèle : « dalmatien.jpg » donne `dalmatien_heatmap.jpg` et
    `dalmatien_gradcam.jpg` dans le même dossier ; « dalmatien.jpg » lui-même n'est jamais touché.
    Les deux images ont la taille de la photo. L'extension est .jpg (par défaut), .jpeg, .png ou
    .webp.

    `target`, `layer`, `method` et `score` sont ceux de `analysis.heatmap` ; `alpha` et `colormap`,
    ceux de `superimpose`. Une carte vide est enregistrée aussi, et sa cause est affichée.

    Les deux fichiers sont écrits, ou aucun ; ceux qui existent ne sont remplacés qu'avec
    `overwrite=True`. Lève `OutputError`, et les erreurs de `analysis.heatmap` et `superimpose`.
    """
    paths = output_paths(path)
    # Avant le calcul : personne n'attend une carte qui ne pourra pas être écrite.
    check_writable(paths, overwrite)
    heatmap = analysis.heatmap(target, layer, method, score)
    width, height = analysis.image.size
    pictures = (
        colorize(heatmap, (height, width), colormap=colormap),
        superimpose(heatmap, analysis.image, alpha, colormap=colormap),
    )
    return tuple(write_images(zip(pictures, paths), overwrite=overwrite))


def output_paths(path):
    """Renvoie les chemins de la carte et de la superposition tirés du modèle `path`."""
    path = Path(path).expanduser()
    if path.is_dir() or not path.name:
        raise OutputError(
            f"« {path} » est un dossier : donnez aussi un nom, par exemple "
            f"« {path / 'photo.jpg'} »."
        )
    suffix = path.suffix or ".jpg"
    return tuple(path.with_name(f"{path.stem}_{kind}{suffix}") for kind in ("heatmap", "gradcam"))
