"""Les boutons et les curseurs de l'explorateur, et leur mise en page ; aucune logique ici.

Uniquement des widgets présents dans ipywidgets 7.7 et 8, et `PhotoButton`.
"""

import ipywidgets as widgets

from ...base.numbers import megabytes
from ...images import COLORBLIND_SAFE, colormaps, fit
from ...images.photos import sample, samples
from ...methods.registry import METHODS
from ..views import VIEWS
from . import html
from .page import MAX_BYTES, PhotoButton

__all__ = ["PANELS", "TOP", "Controls"]

TOP = 5
PANELS = ("Photo", "Couleurs et contour", "Code équivalent", "Télécharger")

_LABEL = {"description_width": "76px"}
_FULL = "calc(100% - 4px)"


def _layout(**kwargs):
    return widgets.Layout(**kwargs)


def _wide(kind, description, **kwargs):
    layout = _layout(width=_FULL, min_width="0")
    return kind(description=description, style=dict(_LABEL), layout=layout, **kwargs)


def _row(*children, **kwargs):
    return widgets.HBox(children, layout=_layout(flex_flow="row wrap", width="100%", **kwargs))


def _column(*children, **kwargs):
    return widgets.VBox(children, layout=_layout(min_width="0", **kwargs))


class Controls:
    """Tous les widgets, sans aucun comportement : `Explorer` les relie à la session."""

    def __init__(self):
        self._photo_and_network()
        self._classes()
        self._layers_and_methods()
        self._colors()
        self._displays()
        self.root = self._assemble()

    def _photo_and_network(self):
        self.photo = _wide(widgets.Dropdown, "Photo")
        self.network = _wide(widgets.Dropdown, "Réseau")
        self.view = _wide(
            widgets.Dropdown, "Vue", options=[(view.title, view.name) for view in VIEWS.values()]
        )
        self.upload = PhotoButton(layout=_layout(width="210px", margin="2px"))
        self.address = _wide(
            widgets.Text, "Adresse", placeholder="https://… puis Entrée", continuous_update=False
        )
        self.gallery = {info.name: _gallery_button(info) for info in samples()}

    def _classes(self):
        self.class_buttons = [
            widgets.Button(layout=_layout(width="50%", min_width="0")) for _ in range(TOP)
        ]
        self.class_bars = [
            widgets.HTML(layout=_layout(width="50%", margin="0 0 0 4px")) for _ in range(TOP)
        ]
        self.search = _wide(widgets.Text, "Chercher", placeholder="chat, dalmatian, 281…")
        self.found = _wide(widgets.Select, "Trouvées", options=[], rows=3)
        self.found.layout.height = "66px"
        self.side = _wide(
            widgets.Dropdown,
            "Côté",
            options=[("changer la classe de gauche", "target"), ("celle de droite", "rival")],
        )

    def _layers_and_methods(self):
        self.layer = _wide(
            widgets.SelectionSlider, "Couche", options=["…"], readout=False, continuous_update=True
        )
        # Le même choix par son nom : une liste se lit et se parcourt mieux au clavier.
        self.layer_list = _wide(widgets.Dropdown, "Nom", options=["…"])
        self.all_layers = widgets.Checkbox(
            description="Parcourir toutes les couches", indent=False, layout=_layout(width=_FULL)
        )
        self.method = _wide(
            widgets.Dropdown, "Méthode", options=[(m.title, m.name) for m in METHODS.values()]
        )
        self.score = _wide(
            widgets.Dropdown,
            "Score",
            options=[("avant softmax", "logit"), ("après softmax (probabilité)", "probability")],
        )

    def _colors(self):
        names = [*COLORBLIND_SAFE, *(n for n in colormaps() if n not in COLORBLIND_SAFE)]
        self.colormap = _wide(
            widgets.Dropdown,
            "Palette",
            options=[(f"{n} (lisible par tous)" if n in COLORBLIND_SAFE else n, n) for n in names],
        )
        self.readable = widgets.Button(
            description="Couleurs lisibles par tous",
            tooltip="Palette viridis, mélangée à la photo ; un second clic remet celle du livre",
            icon="eye",
            layout=_layout(width="230px"),
        )
        self.alpha = _wide(
            widgets.FloatSlider, "Opacité", min=0, max=1, step=0.05, readout_format=".0%"
        )
        self.blend = _wide(
            widgets.Dropdown,
            "Mélange",
            options=[("ajouter (le livre)", "add"), ("mélanger", "mix")],
        )
        self.outline = widgets.Checkbox(
            description="Contour de la région chaude", indent=False, layout=_layout(width=_FULL)
        )
        self.threshold = _wide(
            widgets.FloatSlider, "Seuil", min=0, max=1, step=0.05, readout_format=".0%"
        )
        self.common_scale = widgets.Checkbox(
            description="Même échelle pour les deux classes",
            indent=False,
            layout=_layout(width=_FULL),
        )

    def _displays(self):
        self.photo_view = widgets.HTML(layout=_layout(width="49%"))
        self.picture_view = widgets.HTML(layout=_layout(width="49%"))
        self.caption = widgets.HTML(layout=_layout(width=_FULL))
        self.message = widgets.HTML(layout=_layout(width=_FULL))
        self.code = widgets.HTML(layout=_layout(width=_FULL))
        self.prepare = widgets.Button(
            description="Préparer les fichiers", icon="download", layout=_layout(width="210px")
        )
        self.links = widgets.HTML(layout=_layout(width=_FULL))
        self.panel = widgets.ToggleButtons(
            options=PANELS, style={"button_width": "auto"},
            layout=_layout(width=_FULL),
        )  # fmt: skip

    def _assemble(self):
        choices = _row(
            *(_column(w, flex="1 1 220px") for w in (self.photo, self.network, self.view))
        )
        pictures = widgets.HBox(
            [self.photo_view, self.picture_view],
            layout=_layout(
                height=f"{html.HEIGHT + 6}px", width="100%", justify_content="space-between"
            ),
        )
        classes = [widgets.HBox(pair) for pair in zip(self.class_buttons, self.class_bars)]
        left = _column(*classes, flex="1 1 290px")
        right = _column(self.search, self.found, self.side, flex="1 1 290px", margin="0 0 0 8px")
        where = _column(self.layer, self.layer_list, self.all_layers, flex="1 1 290px")
        how = _column(self.method, self.score, flex="1 1 290px", margin="0 0 0 8px")
        self.boxes = [self._photo_box(), self._color_box(), self._code_box(), self._file_box()]
        panels = widgets.VBox(
            self.boxes, layout=_layout(width="100%", height="236px", overflow="auto")
        )
        return [
            choices,
            pictures,
            self.caption,
            self.message,
            _row(left, right, margin="4px 0 0 0"),
            _row(where, how, margin="4px 0 0 0"),
            self.panel,
            panels,
        ]

    def _photo_box(self):
        gallery = [
            _column(*pair, flex="1 1 84px", max_width="120px", margin="0 6px 0 0")
            for pair in self.gallery.values()
        ]
        help_text = (
            f"Une photo de plus de {megabytes(MAX_BYTES / 1e6)} est d'abord réduite dans votre "
            "navigateur."
        )
        return _column(
            _row(*gallery),
            _row(self.upload, _column(self.address, flex="1 1 260px"), margin="6px 0 0 0"),
            widgets.HTML(html.paragraph(help_text)),
        )

    def _color_box(self):
        return _column(
            self.readable,
            _row(
                _column(self.colormap, self.alpha, self.blend, flex="1 1 290px"),
                _column(self.outline, self.threshold, self.common_scale, flex="1 1 290px"),
            ),
        )

    def _code_box(self):
        help_text = "Un clic sélectionne tout ; copiez (Ctrl + C), collez dans une cellule."
        return _column(widgets.HTML(html.paragraph(help_text)), self.code)

    def _file_box(self):
        help_text = "La superposition à la taille de la photo, la carte légendée, et ses valeurs."
        return _column(widgets.HTML(html.paragraph(help_text)), self.prepare, self.links)


def _gallery_button(info):
    """La vignette d'une photo d'exemple et le bouton qui la choisit."""
    import numpy as np

    small = None
    if info.available:
        small = np.asarray(fit(sample(info.name), 96))
    return (
        widgets.HTML(html.thumbnail(small, info.title), layout=_layout(width=_FULL)),
        widgets.Button(
            description=info.short_title, tooltip=info.title, layout=_layout(width=_FULL)
        ),
    )
