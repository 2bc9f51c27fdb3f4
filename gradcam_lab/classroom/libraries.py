"""Les bibliothèques que déclare le paquet installé : sont-elles là, et dans ses bornes ?"""

from dataclasses import dataclass
from importlib import import_module, metadata

__all__ = ["Library", "examine", "requirements"]

# Le module à importer et le nom d'usage, quand ce n'est pas le nom du paquet.
_NAMES = {
    "tensorflow": ("tensorflow", "TensorFlow"),
    "keras": ("keras", "Keras"),
    "numpy": ("numpy", "NumPy"),
    "opencv-python-headless": ("cv2", "OpenCV"),
    "pillow": ("PIL", "Pillow"),
    "scikit-image": ("skimage", "scikit-image"),
    "jupyterlab": ("jupyterlab", "JupyterLab"),
    "jupyterlab-language-pack-fr-fr": (
        "jupyterlab_language_pack_fr_FR",
        "le français de JupyterLab",
    ),
}
# D'autres paquets qui apportent le même module.
_TWINS = {"tensorflow": ("tensorflow-cpu", "tensorflow-macos", "tf-nightly")}
_PACKAGE = "gradcam_lab"


@dataclass(frozen=True)
class Library:
    """Décrit l'état d'une bibliothèque.

    Arguments
    ---------
    title : son nom d'usage
    wanted : ce que l'on donne à pip, avec ses bornes (« numpy>=1.26 »)
    version : celle qui est installée, ou ""
    fault : "" si tout va bien ; « missing », « broken », « old » ou « new »
    """

    title: str
    wanted: str
    version: str = ""
    fault: str = ""

    def problem(self, install):
        """Dit ce qu'il faut faire ; `install(mots)` écrit la commande pip, à sa façon."""
        if self.fault == "missing":
            return f"{self.title} manque : tapez {install(self._bare)}"
        if self.fault == "broken":
            return (
                f"{self.title} est installé mais ne se charge pas : tapez "
                f"{install('--force-reinstall', self._bare)}"
            )
        wrong = "ancien" if self.fault == "old" else "récent"
        return f"{self.title} {self.version} est trop {wrong} : tapez {install(self.wanted)}"

    @property
    def _bare(self):
        # Sans bornes, la commande n'a pas besoin de guillemets, et pip prend la plus récente.
        return self.wanted if "<" in self.wanted else self.wanted.split(">")[0]


def requirements(*extras):
    """Renvoie ce que le paquet installé demande, {nom: `packaging.requirements.Requirement`}.

    Arguments
    ---------
    extras : les listes facultatives de pyproject.toml à ajouter (« lab »)
    """
    from packaging.requirements import Requirement

    try:
        lines = metadata.requires(_PACKAGE) or []
    except metadata.PackageNotFoundError:  # lu depuis les sources, sans installation
        return {}
    found = {"keras": Requirement("keras>=3")}  # TensorFlow l'apporte
    for requirement in map(Requirement, lines):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
            found[requirement.name.lower()] = requirement
    return found


def examine(requirement, *, load=True):
    """Renvoie l'état d'une bibliothèque ; sans `load`, elle n'est pas importée."""
    name = requirement.name.lower()
    module, title = _NAMES.get(name, (name.replace("-", "_"), requirement.name))
    wanted = f"{requirement.name}{requirement.specifier}"
    try:
        loaded = import_module(module) if load else None
        version = (getattr(loaded, "__version__", None) or _installed(name)).removeprefix("v")
    except (ImportError, metadata.PackageNotFoundError):
        return Library(title, wanted, fault="missing")
    except Exception:  # une bibliothèque abîmée peut échouer de bien des façons
        return Library(title, wanted, fault="broken")
    return Library(title, wanted, version, _distance(version, requirement.specifier))


def _installed(name):
    for twin in (*_TWINS.get(name, ()), name):
        try:
            return metadata.version(twin)
        except metadata.PackageNotFoundError:
            if twin == name:
                raise


def _distance(version, bounds):
    """Dit si cette version est trop ancienne (« old ») ou trop récente (« new »), sinon ""."""
    from packaging.version import InvalidVersion, Version

    try:
        number = Version(version)
    except InvalidVersion:  # une version de travail, que l'on ne sait pas comparer
        return ""
    for bound in bounds:
        if not bound.contains(number, prereleases=True):
            return "old" if bound.operator.startswith(">") else "new"
    return ""
