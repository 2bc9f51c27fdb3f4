"""De la session vers l'écran : mettre à jour chaque widget, sans déclencher de calcul."""

from contextlib import contextmanager

from ...base.numbers import short_percent as percent
from ...methods.registry import METHODS
from ..views import find_view
from . import html
from .controls import PANELS

__all__ = ["DIRECT", "Display"]

DIRECT = (
    "photo", "network", "view", "layer", "all_layers", "method", "score", "colormap", "alpha",
    "blend", "outline", "threshold", "common_scale",
)  # fmt: skip
"""Les réglages reliés tels quels à un champ de l'état, du même nom."""

_NAMES = {
    "rival": "le côté à choisir",
    "common_scale": "la même échelle",
    "outline": "le contour",
    "threshold": "le seuil",
    "method": "la méthode",
    "alpha": "l'opacité",
    "blend": "le mélange",
    "score": "le score",
    "all_layers": "toutes les couches",
    "colormap": "la palette",
    "layer": "la couche",
}


class Display:
    """Montre des `Result` dans des `Controls`.

    `result` : celui qui est affiché ; `error` : la phrase affichée, s'il y en a une ; `quiet` :
    vrai pendant que les widgets changent sans que l'utilisateur y soit pour rien.
    """

    def __init__(self, controls, session):
        self._controls = controls
        self._session = session
        self._photo_shown = None
        self.result = None
        self.quiet = False
        self.error = ""

    @contextmanager
    def silence(self):
        """Dans ce bloc, les changements de widgets ne sont pas ceux de l'utilisateur."""
        before, self.quiet = self.quiet, True
        try:
            yield
        finally:
            self.quiet = before

    def show(self, result):
        """Montre un résultat sans erreur : image, légende, code, réglages et message."""
        self.result = result
        self.sync()
        controls, state = self._controls, result.state
        view = find_view(state.view)
        controls.photo_view.layout.display = "" if view.beside else "none"
        controls.picture_view.layout.width = "49%" if view.beside else "100%"
        if self._photo_shown != state.photo:
            self._photo_shown = state.photo
            title = self._session.photos[state.photo].title
            controls.photo_view.value = html.picture(result.photo, f"Photo : {title}", "La photo")
        controls.picture_view.value = html.picture(
            result.picture, result.alt, view.heading, view.scrolls
        )
        palette = None if "colormap" in view.idle(state) else state.colormap
        controls.caption.value = html.caption(result.caption, palette)
        controls.code.value = html.code(result.code)
        controls.links.value = ""
        self.show_message()

    def show_message(self):
        """La ligne d'état, le diagnostic, et les réglages sans effet avec leur raison."""
        self.error = ""
        reasons = {}
        for name, reason in self.result.disabled.items():
            reasons.setdefault(reason, []).append(_NAMES[name])
        lines = [f"{', '.join(names)} ({reason})" for reason, names in reasons.items()]
        status = self.result.status
        self._controls.message.value = html.message(status, self.result.notes, lines)

    def refuse(self, text):
        """Affiche une erreur et remet les réglages sur ceux de l'image affichée."""
        self.sync()
        self.error = text
        self._controls.message.value = html.error(text)

    def busy(self, text):
        """Annonce un travail qui peut durer."""
        self._controls.message.value = html.message(text, [], [])

    def show_panel(self, name):
        """Montre ce panneau et cache les autres."""
        for title, box in zip(PANELS, self._controls.boxes):
            box.layout.display = "" if title == name else "none"

    def show_found(self, predictions):
        """Remplit la liste des classes trouvées par la recherche, sans en choisir une."""
        with self.silence():
            self._controls.found.options = [
                (f"{p.label_fr} ({p.label}), {percent(p.probability)}", p.index)
                for p in predictions
            ]
            self._controls.found.value = None

    def sync(self):
        """Met chaque réglage sur la valeur qui a donné l'image affichée."""
        state, disabled = self.result.state, self.result.disabled
        with self.silence():
            self.fill_lists()
            self._fill_layers()
            self._fill_classes()
            self._fill_methods()
            for name in DIRECT:
                control = getattr(self._controls, name)
                control.value = getattr(state, name)
                control.disabled = name in disabled
            self._controls.layer_list.disabled = "layer" in disabled
            self._controls.side.disabled = "rival" in disabled
            self.show_panel(self._controls.panel.value)

    def fill_lists(self):
        """Les listes des photos et des réseaux, si elles ont changé."""
        titles = {key: photo.title for key, photo in self._session.photos.items()}
        self._fill_list(self._controls.photo, titles)
        self._fill_list(self._controls.network, self._session.networks)

    def _fill_list(self, control, titles):
        options = tuple((title, key) for key, title in titles.items())
        if tuple(control.options) != options:
            with self.silence():
                kept = control.value
                control.options = options
                if kept in titles:
                    control.value = kept

    def _fill_methods(self):
        """Les méthodes, et ce que coûtent les longues avec ce réseau et cette couche."""
        titles = {}
        for name, method in METHODS.items():
            cost = f" ({self._session.runs(self.result.state, name)} passes)" if method.runs else ""
            titles[name] = f"{method.title}{cost}"
        self._fill_list(self._controls.method, titles)

    def _fill_layers(self):
        slider, names = self._controls.layer, self._controls.layer_list
        layers = self.result.layers
        options = tuple(layer.name for layer in layers)
        if tuple(slider.options) != options:
            slider.options = options
            names.options = [
                (f"{i} / {len(layers)} : {x.name} · {x.height} × {x.width}", x.name)
                for i, x in enumerate(layers, 1)
            ]
        names.value = self.result.state.layer

    def _fill_classes(self):
        shown = self.result.shown
        sides = ("← {}", "{} →") if len(shown) > 1 else ("{}",)
        chosen = {p.index: side for p, side in zip(shown, sides)}
        predictions = self.result.predictions
        for i, button in enumerate(self._controls.class_buttons):
            button.disabled = i >= len(predictions)
            if i >= len(predictions):
                button.description, self._controls.class_bars[i].value = "", ""
                continue
            prediction = predictions[i]
            selected = prediction.index in chosen
            button.description = chosen.get(prediction.index, "{}").format(prediction.label_fr)
            button.tooltip = f"Expliquer la classe « {prediction.label_fr} »"
            # La coche le dit aussi à qui ne distingue pas les couleurs.
            button.icon = "check" if selected else ""
            button.button_style = "info" if selected else ""
            share = prediction.probability
            self._controls.class_bars[i].value = html.bar(percent(share), share)
