"""Ce que seul le navigateur peut faire pour l'explorateur, et que `page.js` fait.

Le serveur Jupyter coupe la liaison à un message de plus de 10 Mo, et l'outil ne répondrait plus :
une photo lourde est donc réduite avant d'être envoyée. Un script ne se glisse pas dans un widget
ordinaire ; anywidget, présent dans Colab, est la façon courante d'en joindre un, avec ipywidgets 7
comme avec la 8.
"""

from pathlib import Path

import anywidget
from traitlets import Int, Unicode

from ...base.numbers import megabytes
from ...errors import ImageError
from ..sources import MAX_SIDE

__all__ = ["MAX_BYTES", "PhotoButton"]

MAX_BYTES = 5_000_000
"""Le poids, en octets, au-delà duquel une photo est réduite dans le navigateur."""


class PhotoButton(anywidget.AnyWidget):
    """Le bouton qui importe une photo ; ses fichiers arrivent par `on_photo`.

    Tant qu'il existe, les raccourcis de JupyterLab se taisent dans l'outil qui le contient.
    """

    _esm = Path(__file__).parent / "page.js"
    description = Unicode("Importer une photo").tag(sync=True)
    max_bytes = Int(MAX_BYTES).tag(sync=True)
    max_side = Int(MAX_SIDE).tag(sync=True)

    def on_photo(self, action):
        """À chaque fichier choisi, appelle `action(lire)` ; `lire()` renvoie `(nom, octets)`.

        `lire` lève `ImageError` si le navigateur n'a pas su réduire la photo.
        """
        self.on_msg(lambda _widget, content, buffers: action(lambda: read_photo(content, buffers)))


def read_photo(content, buffers):
    """Renvoie `(nom, octets)` du message envoyé par la page, ou lève `ImageError`."""
    name, size = str(content["name"]), float(content["size"])
    if buffers:
        return name, bytes(buffers[0])
    if size <= MAX_BYTES:
        raise ImageError(
            f"Le navigateur n'a pas pu lire le fichier « {name} » : vérifiez qu'il existe encore, "
            "puis importez-le de nouveau."
        )
    raise ImageError(
        f"Le fichier « {name} » pèse {megabytes(size / 1e6)} et votre navigateur ne sait pas le "
        f"réduire : convertissez-le en JPEG, ou donnez-en une copie de moins de "
        f"{megabytes(MAX_BYTES / 1e6)}."
    )
