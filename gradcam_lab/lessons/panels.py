"""Un réglage et ce qu'il change : le petit tableau de bord des leçons (« À manipuler »)."""

import html

import ipywidgets as widgets
from matplotlib.figure import Figure

from ..base.palette import ACCENT
from ..errors import GradcamLabError
from ..figures.canvas import to_png
from ..images import load_image, shrink

__all__ = ["Panel", "panel"]

_ERROR = f'<p style="color:{ACCENT};margin:0.3em 0"><b>{{}}</b></p>'


class Panel(widgets.VBox):
    """Un réglage (*widget*) au-dessus d'une image et d'un texte qui le suivent : voir `panel`."""

    def __init__(self, control, draw, *, width=420):
        if not hasattr(control, "value") or not callable(draw):
            raise GradcamLabError(
                "gl.panel attend un réglage d'ipywidgets, puis la fonction qui dessine."
            )
        self._draw = draw
        self.control = control
        self.picture = widgets.Image(format="png", layout={"max_width": f"{width}px"})
        self.text = widgets.HTML()
        super().__init__([control, self.text, self.picture])
        control.observe(self._update, names="value")
        self._update()

    def __repr__(self):
        # Une page qui n'exécute rien n'affiche que ce texte.
        return "Exécutez cette cellule pour faire apparaître le réglage."

    def _update(self, _change=None):
        try:
            results = self._draw(self.control.value)
        except GradcamLabError as error:
            self.text.value = _ERROR.format(html.escape(str(error)))
        except Exception as error:  # dans le navigateur, rien d'autre ne la montrerait
            detail = html.escape(f"{type(error).__name__} : {error}")
            self.text.value = _ERROR.format(f"La fonction de dessin a échoué. {detail}")
        else:
            self._show(results if isinstance(results, tuple) else (results,))

    def _show(self, results):
        texts = [result for result in results if isinstance(result, str)]
        self.text.value = "".join(f"<p>{html.escape(text)}</p>" for text in texts)
        for result in results:
            if isinstance(result, Figure):
                self.picture.value = to_png(result)
            elif not isinstance(result, str):
                # Une photo entière ferait voyager quinze mégaoctets à chaque réglage.
                self.picture.value = to_png(shrink(load_image(result)))


def panel(control, draw, *, width=420):
    """Renvoie un réglage et, dessous, ce qu'il change.

    Une erreur de `draw` s'affiche en français sous le réglage, sans rien interrompre.

    Arguments
    ---------
    control : un widget d'ipywidgets qui a une valeur, comme `IntSlider`
    draw : une fonction de cette valeur, qui renvoie une image (tout ce que `gl.load_image`
        accepte, ou une `Figure`), un texte, ou les deux dans un tuple
    width : la largeur de l'image à l'écran, en pixels

    Rend
    ----
    Panel, un widget qui s'affiche s'il termine une cellule

    Lève
    ----
    GradcamLabError
        `control` n'est pas un réglage, ou `draw` n'est pas une fonction

    Exemple
    -------
    >>> gl.lessons.panel(widgets.IntSlider(max=255), lambda value: f"{value} sur 255")
    """
    return Panel(control, draw, width=width)
