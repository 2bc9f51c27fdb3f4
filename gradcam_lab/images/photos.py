"""Les photos d'exemple : deux à télécharger, quatre déjà livrées avec scikit-image.

Ce module ne s'appelle pas `samples` : une fois chargé, il cacherait la fonction du même nom.
"""

import os
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from ..base.downloads import fetch, is_intact
from ..base.messages import say
from ..base.names import fold, unknown_name
from ..errors import DownloadError, ImageError
from .reading import load_image

# La photo donnée à la place d'une autre, quand il n'y a pas de réseau.
_FALLBACK = "chelsea"
# Devant le nom de la photo, quand le dossier a déjà un autre fichier de ce nom.
_BESIDE = "gradcam_lab-"


@dataclass(frozen=True)
class SampleInfo:
    """Décrit une photo d'exemple.

    Arguments
    ---------
    name : le nom à donner à `gl.sample`
    title : ce que montre la photo
    short_title : le même en un mot ou deux, pour un bouton
    licence : ce que l'on peut en faire
    credit : à qui on la doit
    offline : vrai si elle est livrée avec une dépendance du cours, donc lisible sans réseau
    """

    name: str
    title: str
    short_title: str
    licence: str
    credit: str
    offline: bool
    file: str = field(repr=False)
    url: str = field(default="", repr=False)
    known_hash: str = field(default="", repr=False)
    # Autres noms sous lesquels la photo peut déjà être dans le cache.
    aliases: tuple = field(default=(), repr=False)
    # Les photos qu'elle assemble, de haut en bas, si elle en est faite.
    parts: tuple = field(default=(), repr=False)

    @property
    def available(self):
        """Dit si la photo peut être lue maintenant, sans réseau."""
        try:
            if self.parts:
                return all(_find(name).available for name in self.parts)
            return local_path(self) is not None
        except ImageError:  # GRADCAM_LAB_DATA est inutilisable : `sample` dira pourquoi
            return False


_GITHUB = "https://raw.githubusercontent.com"

_SAMPLES = (
    SampleInfo(
        name="dalmatien",
        title="Un dalmatien, la photo des leçons",
        short_title="Dalmatien",
        licence="aucune licence indiquée : à regarder, sans la republier",
        credit="T. Keldenich, dépôt GitHub tkeldenich/Keras_GradCam",
        offline=False,
        file="Dalmatian.jpg",
        url=f"{_GITHUB}/tkeldenich/Keras_GradCam/"
        "a0bb6c7b4d80a20ffd71d825a7dfc9fdf285af0f/Dalmatian.jpg",
        known_hash="sha256:df456b546d8b61ed16851b1c608ac7e2ff28e0a943422128508b2882a2ef3a0d",
    ),
    SampleInfo(
        name="chien_et_chat",
        title="Un chien et un chat côte à côte",
        short_title="Chien et chat",
        licence="licence MIT (celle du dépôt)",
        credit="J. Gildenblat, dépôt GitHub jacobgil/pytorch-grad-cam",
        offline=False,
        file="chien_et_chat.png",
        url=f"{_GITHUB}/jacobgil/pytorch-grad-cam/"
        "084273b3f30b54ad0c64cf8020a4337d979a66e0/examples/both.png",
        known_hash="sha256:8d30785a513e22a2f574c839c7e1751db943d0b5399347e7bb37736f6c5a95c2",
        aliases=("both.png",),
    ),
    SampleInfo(
        name="chelsea",
        title="Chelsea, une chatte tigrée",
        short_title="Chelsea",
        licence="CC0 (domaine public)",
        credit="Stéfan van der Walt, livrée avec scikit-image",
        offline=True,
        file="chelsea.png",
    ),
    SampleInfo(
        name="astronaut",
        title="L'astronaute Eileen Collins",
        short_title="Astronaute",
        licence="domaine public",
        credit="NASA, livrée avec scikit-image",
        offline=True,
        file="astronaut.png",
    ),
    SampleInfo(
        name="coffee",
        title="Une tasse de café",
        short_title="Tasse de café",
        licence="CC0 (domaine public)",
        credit="Rachel Michetti, Pikolo Espresso Bar, livrée avec scikit-image",
        offline=True,
        file="coffee.png",
    ),
    SampleInfo(
        name="rocket",
        title="Une fusée Falcon 9 sur son pas de tir",
        short_title="Fusée",
        licence="domaine public",
        credit="SpaceX, livrée avec scikit-image",
        offline=True,
        file="rocket.jpg",
    ),
    SampleInfo(
        name="chat_et_tasse",
        title="Chelsea et une tasse de café",
        short_title="Chat et tasse",
        licence="CC0 (domaine public)",
        credit="Stéfan van der Walt et Rachel Michetti, livrées avec scikit-image",
        offline=True,
        file="",
        parts=("chelsea", "coffee"),
    ),
)

_STACKED = (400, 266)  # (largeur, hauteur) de chaque photo d'un assemblage, en pixels


def samples():
    """Renvoie la liste des photos d'exemple que l'on peut demander à `gl.sample`.

    Rend
    ----
    liste de `SampleInfo`
    """
    return list(_SAMPLES)


def sample(name="dalmatien", *, fallback=True):
    """Renvoie la photo d'exemple `name`.

    Une photo distante est téléchargée une seule fois, dans le dossier GRADCAM_LAB_DATA ou, à
    défaut, dans le cache de l'utilisateur. Un fichier du même nom qui n'est pas cette photo est
    laissé tel quel : la photo est rangée à côté.

    Arguments
    ---------
    name : un nom de `gl.samples()`, quels que soient sa casse et ses accents
    fallback : si la photo ne peut pas être téléchargée, une phrase le dit et celle d'un chat la
        remplace ; sinon, c'est une erreur

    Rend
    ----
    PIL.Image.Image, RVB

    Lève
    ----
    ImageError
        le nom est inconnu, GRADCAM_LAB_DATA ne désigne pas un dossier possible, ou la photo
        manque et `fallback` est faux
    """
    info = _find(name)
    if info.parts:
        return _stacked(info)
    try:
        return load_image(sample_path(info))
    except DownloadError as error:
        if not fallback:
            raise ImageError(str(error)) from None
    # Sans la cause exacte : la sortie enregistrée d'une leçon doit être la même partout.
    say(
        f"La photo « {info.name} » demande un accès à internet : "
        f"voici à sa place la photo « {_FALLBACK} », un chat livré avec le cours."
    )
    return load_image(sample_path(_find(_FALLBACK)))


def local_image(info, size):
    """Renvoie la photo si elle est sur cet ordinateur et de taille `size` (l, h), sinon None."""
    if info.parts:
        whole = (_STACKED[0], _STACKED[1] * len(info.parts))
        return _stacked(info) if size == whole and info.available else None
    path = local_path(info)
    if path is None:
        return None
    with Image.open(path) as opened:
        if opened.size != size:
            return None
    return load_image(path)


def _stacked(info):
    pieces = [load_image(sample_path(_find(part))).resize(_STACKED) for part in info.parts]
    return load_image(np.vstack([np.asarray(piece) for piece in pieces]))


def _find(name):
    for info in _SAMPLES:
        if fold(info.name) == fold(name):
            return info
    names = [info.name for info in _SAMPLES]
    raise ImageError(unknown_name(f"La photo d'exemple « {name} » n'existe pas", name, names))


def sample_path(info):
    """Renvoie le chemin de la photo, téléchargée au besoin ; celle d'un assemblage n'existe pas."""
    local = local_path(info)
    if local is not None:
        return local
    if info.offline:
        raise ImageError(
            f"La photo « {info.name} », livrée avec scikit-image, est introuvable : "
            "réinstallez-la avec `pip install --force-reinstall scikit-image`."
        )
    folder, file = _cache_folder(), info.file
    # L'empreinte, une fois de plus : un autre programme a pu télécharger la photo à l'instant.
    if (folder / file).exists() and not is_intact(folder / file, info.known_hash):
        say(
            f"Le fichier « {folder / file} » n'est pas la photo « {info.name} », ou est abîmé : "
            f"il est laissé tel quel, la photo s'appellera « {_BESIDE + file} ».",
            once=True,
        )
        file = _BESIDE + file
    return fetch(
        info.url,
        folder,
        file,
        known_hash=info.known_hash,
        label=f"la photo « {info.name} »",
    )


def local_path(info):
    """Renvoie le chemin de la photo si elle est déjà sur cet ordinateur, sinon None."""
    if info.offline:
        # Le dossier est cherché sans importer scikit-image : c'est plus rapide, et ses fonctions
        # de chargement pourraient télécharger.
        spec = find_spec("skimage")
        roots = spec.submodule_search_locations if spec else []
        paths = [Path(root) / "data" / info.file for root in roots]
        return next((path for path in paths if path.is_file()), None)
    folder = _cache_folder()
    for filename in (info.file, _BESIDE + info.file, *info.aliases):
        if is_intact(folder / filename, info.known_hash):
            return folder / filename
    return None


def _cache_folder():
    chosen = os.environ.get("GRADCAM_LAB_DATA", "").strip()
    if not chosen:
        import pooch

        return Path(pooch.os_cache("gradcam_lab"))
    try:
        folder = Path(chosen).expanduser()
        (folder / _BESIDE / "chien_et_chat.png").exists()  # lève une erreur s'il est trop long
        if folder.exists():
            os.scandir(folder).close()
        return folder
    except (OSError, RuntimeError):  # nom trop long, simple fichier, accès refusé, « ~inconnu »
        raise ImageError(
            f"« {chosen:.60} », de la variable GRADCAM_LAB_DATA, n'est pas un dossier que l'on "
            "peut lire : corrigez cette variable, ou retirez-la."
        ) from None
