"""L'explorateur dans le carnet : des widgets reliés à la session, qui fait tout le travail."""

import re
import weakref

import ipywidgets as widgets

from ...errors import GradcamLabError
from ...images import ALPHA, BLEND, COLORMAP
from .. import texts
from ..files import make_files
from ..session import Session
from . import html
from .controls import Controls
from .display import DIRECT, Display
from .later import Aside, Later

__all__ = ["Explorer"]

# Mêlées à la photo, et non ajoutées, ces couleurs ne comptent pas sur la teinte pour se lire.
_READABLE = {"colormap": "viridis", "blend": "mix", "alpha": 0.6}
_BOOK = {"colormap": COLORMAP, "blend": BLEND, "alpha": ALPHA}


class Explorer(widgets.VBox):
    """Ouvre l'outil interactif : une photo, une classe, une couche, et où le réseau regarde.

    Une erreur de départ est levée ; les suivantes s'affichent dans l'outil.

    Arguments
    ---------
    model : un nom de `gl.available_models()`, un `Classifier`, un modèle Keras, ou None (« mini »)
    image : tout ce que `gl.load_image` accepte, ou None (une photo d'exemple)
    choices : les choix de départ, des champs d'`ExplorerState` (`target`, `layer`, `method`,
        `alpha`, `view`...) ; une classe se donne par son nom ou son indice

    Lève
    ----
    GradcamLabError
        un choix n'existe pas, et les erreurs de `gl.load_model` et de `gl.load_image`

    Exemple
    -------
    explorer = gl.Explorer("vgg16", "ma_photo.jpg", target="dalmatien", view="compare")
    """

    _opened = weakref.WeakValueDictionary()  # noqa: RUF012
    _count = 0
    # Fermé tant que la construction n'a pas réussi : il n'y a alors rien à libérer.
    _closed = True

    def __init__(self, model=None, image=None, **choices):
        number = Explorer._count + 1
        session = Session(model, image, f"gl.Explorer.opened({number})")
        wanted = session.understand(session.state, choices)
        result = session.render(wanted)
        if result.error:
            raise GradcamLabError(result.error)
        controls = Controls()
        super().__init__(controls.root, layout=widgets.Layout(width="100%", max_width="1180px"))
        # C'est par ce nom que `page.js` reconnaît l'outil.
        self.add_class("gradcam-lab-explorer")
        Explorer._count = self.number = number
        Explorer._opened[number] = self
        self._session, self._controls = session, controls
        self._display = Display(controls, session)
        self._wanted, self._closed = wanted, False
        self._later, self._aside, self._computing = Later(self._compute), Aside(), None
        self._display.show(result)
        self._connect()

    @staticmethod
    def opened(number):
        """Renvoie l'explorateur de ce numéro, celui que cite son code équivalent.

        Arguments
        ---------
        number : entier, l'attribut `number` de l'explorateur

        Lève
        ----
        GradcamLabError
            cet explorateur est fermé
        """
        try:
            return Explorer._opened[number]
        except KeyError:
            raise GradcamLabError(
                f"L'explorateur n° {number} est fermé, ou le noyau a redémarré : ouvrez-en un "
                "avec gl.Explorer(model, image), puis choisissez-y à nouveau la photo."
            ) from None

    def __repr__(self):
        # Une page qui n'exécute rien n'affiche que ce texte.
        if self._closed:
            return f"<Explorer n° {self.number}, fermé>"
        return "Exécutez cette cellule pour faire apparaître l'explorateur."

    def __str__(self):
        if self._closed:
            return repr(self)
        state, shown = self.state, self._display.result.shown
        classes = " et ".join(f"« {p.label_fr} »" for p in shown)
        return f"<Explorer : réseau {self.classifier.name}, classe {classes}, couche {state.layer}>"

    # --- Ce que l'on peut lire et faire depuis Python ---------------------------------------------

    @property
    def state(self):
        """Renvoie les choix actuels (`ExplorerState`), où rien n'est laissé automatique."""
        return self._current().state

    @property
    def picture(self):
        """Renvoie l'image affichée, uint8 (H, W, 3), RVB."""
        return self._current().picture.copy()

    @property
    def heatmap(self):
        """Renvoie la carte de la classe et de la couche choisies, float32 (h, w), dans [0, 1]."""
        return self._current().heatmap.copy()

    @property
    def code(self):
        """Renvoie le code équivalent : exécuté, il met la même image dans `picture`."""
        return self._current().code

    @property
    def message(self):
        """Renvoie ce que l'outil dit : l'erreur, s'il y en a une, sinon la ligne d'état."""
        self._require_open()
        self._later.flush()
        return self._display.error or self._display.result.status

    @property
    def notes(self):
        """Renvoie les phrases qui disent pourquoi la carte affichée est vide ou douteuse."""
        return list(self._current().notes)

    @property
    def image(self):
        """Renvoie la photo choisie, une image PIL, en RVB."""
        return self._session.analysis(self.state).image.copy()

    @property
    def classifier(self):
        """Renvoie le réseau choisi, un `Classifier`."""
        return self._session.classifier(self.state.network)

    def choose(self, **choices):
        """Fait un ou plusieurs choix, comme avec les boutons.

        Arguments
        ---------
        choices : mêmes noms qu'à la création ; `photo` accepte tout ce que `gl.load_image` accepte

        Lève
        ----
        GradcamLabError
            un choix n'existe pas : l'erreur est levée, et non affichée ; l'outil garde son image

        Exemple
        -------
        explorer.choose(target="chat", layer="block3_conv1", alpha=0.6)
        """
        self._require_open()
        self._later.cancel()
        self._aside.stop()
        self._aside.wait()
        wanted = self._session.understand(self._wanted, choices)
        result = self._session.render(wanted)
        if result.error:
            raise GradcamLabError(result.error)
        self._wanted = wanted
        self._display.show(result)

    def files(self):
        """Renvoie les fichiers de « Télécharger » : `{nom: octets}`, deux .png et un .npy."""
        return make_files(self._session, self._current())

    def close(self):
        """Ferme l'explorateur et libère sa mémoire : analyses, réseaux et widgets."""
        if not self._closed:
            self._closed = True
            self._later.cancel()
            self._aside.stop()
            self._aside.wait()
            self._session.clear()
            Explorer._opened.pop(self.number, None)
            for widget in _family(self):
                if widget is not self:
                    widget.unobserve_all()
                    widget.close()
            self.children = ()
            self._controls = self._display = None
        super().close()

    # --- Des widgets vers la session --------------------------------------------------------------

    def _connect(self):
        controls = self._controls
        for name in DIRECT:
            self._observe(getattr(controls, name), lambda value, name=name: self._ask(name, value))
        self._observe(controls.layer_list, lambda value: self._ask("layer", value))
        self._observe(controls.search, self._search)
        self._observe(controls.found, self._pick)
        self._observe(controls.address, self._load_address)
        controls.upload.on_photo(lambda read: self._guarded(self._load_upload, read))
        self._observe(controls.panel, self._display.show_panel)
        for i, button in enumerate(controls.class_buttons):
            self._on_click(
                button, lambda i=i: self._pick(self._display.result.predictions[i].index)
            )
        for name, (_, button) in controls.gallery.items():
            self._on_click(button, lambda name=name: self._ask("photo", name))
        self._on_click(controls.readable, self._toggle_readable)
        self._on_click(controls.prepare, self._prepare_files)

    def _observe(self, control, action):
        def changed(change):
            if not self._display.quiet:
                self._guarded(action, change["new"])

        control.observe(changed, "value")

    def _on_click(self, button, action):
        button.on_click(lambda _button: self._guarded(action))

    def _guarded(self, action, *values):
        """Fait `action` ; une erreur s'affiche dans l'outil, jamais ailleurs."""
        try:
            action(*values)
        except GradcamLabError as error:
            self._refuse(str(error))
        except MemoryError:
            self._refuse(texts.OUT_OF_MEMORY)
        except Exception as error:  # un rappel de widget qui échoue ne se verrait nulle part
            self._refuse(texts.unexpected(error))

    def _ask(self, name, value):
        if value is None:
            return
        self._wanted = self._wanted.change(**{name: value})
        self._later.ask()

    def _pick(self, index):
        if index is not None:
            several = len(self._display.result.shown) > 1
            self._ask(self._controls.side.value if several else "target", index)

    def _search(self, text):
        text = text.strip()
        found = self._session.search(text, self._wanted) if text else []
        self._display.show_found(found)
        if text and not found:
            raise GradcamLabError(
                f"Aucune classe de ce réseau ne ressemble à « {text} » : essayez un autre mot, en "
                "français ou en anglais."
            )
        self._display.show_message()

    def _load_address(self, text):
        text = text.strip()
        if text:
            self._display.busy("Lecture de la photo…")
            # On copie souvent une adresse sans son début ; aucun fichier ne commence ainsi.
            self._add_photo(re.sub(r"^www\.", "https://www.", text, flags=re.IGNORECASE))

    def _load_upload(self, read):
        name, data = read()
        self._add_photo(data, name)

    def _add_photo(self, source, name=None):
        key = self._session.add_photo(source, name, keep=self._display.result.state.photo)
        self._display.fill_lists()
        self._ask("photo", key)

    def _toggle_readable(self):
        on = all(getattr(self._wanted, name) == value for name, value in _READABLE.items())
        self._wanted = self._wanted.change(**(_BOOK if on else _READABLE))
        self._later.ask()

    def _prepare_files(self):
        self._later.flush()
        if self._aside.running:
            self._display.busy("Un calcul est en cours : préparez les fichiers après lui.")
            return
        self._controls.links.value = html.links(self.files())

    # --- Les rouages ------------------------------------------------------------------------------

    def _compute(self):
        if not self._closed:
            self._guarded(self._compute_now)

    def _compute_now(self):
        wanted = self._wanted
        if not self._session.is_loaded(wanted.network):
            self._display.busy(f"Chargement du réseau {self._session.networks[wanted.network]}…")
        maps, notice = self._session.pending(wanted)
        if self._aside.running:
            # D'autres couleurs attendront les mêmes cartes ; pour d'autres cartes, on s'arrête, et
            # `_settled` refera la demande.
            if maps != self._computing:
                self._aside.stop()
        elif notice and self._aside.start(
            lambda follow: self._session.prepare(wanted, follow),
            lambda done, total: self._advance(f"{notice} Essai {done} sur {total}."),
            self._settled,
        ):
            self._computing = maps
            self._display.busy(notice)
        else:
            self._render()

    def _render(self):
        result = self._session.render(self._wanted)
        if result.error:
            self._refuse(result.error)
        else:
            self._display.show(result)

    def _advance(self, text):
        if not self._closed and self._aside.running:
            self._display.busy(text)

    def _settled(self, stopped):
        """Un long calcul est fini, ou arrêté parce que l'on veut autre chose."""
        if not self._closed:
            self._guarded(self._compute_now if stopped else self._render)

    def _refuse(self, text):
        if not self._closed:
            self._wanted = self._display.result.state
            self._display.refuse(text)

    def _require_open(self):
        if self._closed:
            raise GradcamLabError(
                f"L'explorateur n° {self.number} est fermé : ouvrez-en un autre avec gl.Explorer()."
            )

    def _current(self):
        self._require_open()
        self._later.flush()
        if self._aside.running:  # la réponse est celle du dernier choix, quitte à attendre
            self._aside.wait()
            self._guarded(self._render)
        return self._display.result


def _family(widget):
    """Ce widget, ses enfants, leurs mises en page et leurs styles."""
    found = [widget]
    for child in getattr(widget, "children", ()):
        found += _family(child)
    found += [w for w in (widget.layout, getattr(widget, "style", None)) if w is not None]
    return found
