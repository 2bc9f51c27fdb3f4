"""Leçon 7 : une unité pour deux classes, « plutôt que plusieurs », et l'IoU de deux boîtes."""

from itertools import product

import numpy as np

from ...correction import RIGHT, call, correct

__all__ = ["check_box_iou", "check_one_unit", "check_rather_than"]


def check_one_unit(function):
    """Corrige l'exercice ★ de la leçon 7 : essaie la fonction, puis affiche une phrase.

    Arguments
    ---------
    function : une fonction de `(kernel, bias, yes, no)`, de formes (F, K) et (K,) et deux indices,
        qui renvoie les poids (F,) et le biais de l'unité dont la sigmoïde est la probabilité de
        `yes`, quand seules `yes` et `no` sont possibles
    """
    waiting = callable(function) and _blank(call(function, *_LAYERS[0])[0])
    correct(_one_unit, ... if waiting else function)


def check_rather_than(function):
    """Corrige l'exercice ★★ de la leçon 7 : essaie la fonction, puis affiche une phrase.

    Arguments
    ---------
    function : une fonction de `(activations, gradients, target, rivals)`, de formes (h, w, C) et
        (K, h, w, C), un indice et une liste d'indices, qui renvoie la carte (h, w) de « `target`
        plutôt que la moyenne de `rivals` »
    """
    correct(_rather_than, ... if _unwritten(function, *_RIVALS[0]) else function)


def check_box_iou(function, lines):
    """Corrige l'exercice ★★★ de la leçon 7 : reconnaît ce qui est réparé, et affiche une phrase.

    Arguments
    ---------
    function : une fonction de deux boîtes `(x, y, largeur, hauteur)`, qui renvoie leur IoU
    lines : les numéros des lignes où étaient les fautes
    """
    correct(_box_iou, ... if _untouched(function, lines) else function, lines)


def _blank(answer):
    """Vrai si la réponse est encore faite de points de suspension."""
    if isinstance(answer, (list, tuple, set)):
        return len(answer) > 0 and all(item is ... for item in answer)
    return answer is ...


def _unwritten(function, *arguments):
    """Vrai si la fonction rend, ou manipule encore, des points de suspension."""
    if not callable(function):
        return False
    answer, problem = call(function, *arguments)
    return _blank(answer) or bool(problem and "ellipsis" in problem)


def _numbers(answer):
    """La réponse en tableau de nombres finis, ou None."""
    try:
        found = np.asarray(answer, np.float64)
    except (TypeError, ValueError):
        return None
    return found if found.size and np.isfinite(found).all() else None


# --- ★ Une unité ------------------------------------------------------------------------------


def _layers():
    rng = np.random.default_rng(7)
    return tuple(
        (rng.normal(size=shape).round(2), rng.normal(size=shape[1]).round(2), yes, no)
        for shape, yes, no in (((6, 6), 1, 4), ((5, 7), 6, 2))
    )


_LAYERS = _layers()  # la première est carrée : lignes et colonnes s'y confondent


def _one_unit(function):
    for trial in _LAYERS:
        answer, problem = call(function, *trial)
        if problem:
            return problem
        if problem := _not_this_unit(answer, *trial):
            return problem
    return f"{RIGHT}Son score est y(yes) − y(no) : positif quand « yes » l'emporte."


def _not_this_unit(answer, kernel, bias, yes, no):
    """Ce qui manque à `(poids, biais)`, ou None si l'unité est juste."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        return "Pas encore : la fonction renvoie deux choses, les poids puis le biais."
    if any(item is ... for item in answer):
        missing = "les poids" if answer[0] is ... else "le biais"
        return f"Bon début : il reste {missing} à écrire."
    w, b = _numbers(answer[0]), _numbers(answer[1])
    if w is None or b is None:
        return "Pas encore : les poids et le biais sont des nombres."
    if b.size != 1:
        return "Presque : une seule unité n'a qu'un biais, et le vôtre en a plusieurs."
    problem = _not_these_weights(w.ravel(), kernel, yes, no)
    return problem or _not_this_bias(b.ravel()[0], bias, yes, no)


def _not_these_weights(w, kernel, yes, no):
    columns = kernel[:, yes], kernel[:, no]
    if kernel.shape[0] == kernel.shape[1] and np.allclose(w, kernel[yes] - kernel[no]):
        return "Presque : vous avez pris des lignes. Une classe a sa colonne de poids : [:, yes]."
    if w.size != kernel.shape[0]:
        return (
            f"Pas encore : l'unité a {kernel.shape[0]} poids, un par nombre qu'elle reçoit, et les "
            f"vôtres sont au nombre de {w.size}."
        )
    for value, hint in (
        (columns[0] - columns[1], None),
        (columns[1] - columns[0], "Presque : signe à l'envers, l'unité monte pour « no »."),
        (
            columns[0] + columns[1],
            "Presque : c'est la somme. Le score est une différence.",
        ),
        (columns[0], "Pas encore : il manque les poids de « no », à retrancher."),
        (
            (columns[0] - columns[1]) / 2,
            "Presque : c'est la moitié. La sigmoïde attend la différence elle-même.",
        ),
        (columns[0] / columns[1], "Presque : un quotient. Le score est une différence."),
    ):
        if np.allclose(w, value):
            return hint
    return "Pas encore : la colonne de « yes » moins celle de « no »."


def _not_this_bias(b, bias, yes, no):
    for value, hint in (
        (bias[yes] - bias[no], None),
        (0, "Presque : les poids sont justes, mais le biais est oublié."),
        (bias[no] - bias[yes], "Presque : les poids sont justes, le biais a le mauvais signe."),
        (bias[yes], "Presque : les poids sont justes. Et le biais de « no » ?"),
        (bias[yes] + bias[no], "Presque : les poids sont justes. Le biais suit la même règle."),
    ):
        if np.isclose(b, value):
            return hint
    return "Presque : les poids sont justes. Le biais suit la même règle qu'eux."


# --- ★★ Plutôt que plusieurs ------------------------------------------------------------------


def _rivals():
    rng = np.random.default_rng(78)
    activations = rng.random((4, 5, 6)).astype(np.float32)
    gradients = (rng.normal(size=(7, 4, 5, 6)) + rng.normal(size=(7, 1, 1, 6))).astype(np.float32)
    hopeless = gradients.copy()
    hopeless[1] = -5
    return (activations, gradients, 2, [0, 5, 6]), (activations, hopeless, 1, [3, 4])


_RIVALS = _rivals()  # une question ordinaire, puis une carte sans rien de positif


def _grad_cam(activations, gradient, relu=True):
    signed = (activations * gradient.mean(axis=(0, 1))).mean(axis=-1)
    return np.maximum(signed, 0) if relu else signed


def _rather_than(function):
    for trial in _RIVALS:
        answer, problem = call(function, *trial)
        if problem:
            return problem
        if problem := _not_this_map(answer, *trial):
            return problem
    return f"{RIGHT}Ce qui plaide autant pour les rivales que pour la classe s'est annulé."


def _not_this_map(answer, activations, gradients, target, rivals):
    """Ce qui manque à la carte, ou None si elle est juste."""
    shape = activations.shape[:2]
    try:
        found = np.asarray(answer, np.float64)
    except (TypeError, ValueError):
        found = None
    if found is None or not found.size:
        return "Pas encore : une carte est un tableau de nombres."
    if found.shape != shape:
        return f"Pas encore : la carte a la forme {shape}, et la vôtre {found.shape}."
    own, others = gradients[target], gradients[rivals]
    right = _grad_cam(activations, own - others.mean(axis=0))
    if not np.isfinite(found).all():
        return "Presque : si rien n'est positif, vous divisez par zéro. La carte doit être nulle."
    if not right.any():
        return (
            None
            if not found.any()
            else (
                "Presque : quand rien ne plaide pour la classe, la carte doit être nulle. ReLU "
                "manque-t-il, ou vient-il au mauvais moment ?"
            )
        )
    same = _same_map(found)
    each = [_grad_cam(activations, other) for other in others]
    for value, hint in (
        (right, None),
        (
            _grad_cam(activations, own - others.sum(axis=0)),
            "Presque : vous retranchez la somme des rivales. On demande leur moyenne, axis=0.",
        ),
        (
            _grad_cam(activations, own) - np.mean(each, axis=0),
            "Presque : vous avez soustrait des cartes où ReLU a déjà effacé le contre. La "
            "différence vient avant ReLU (section 3).",
        ),
        (
            np.maximum(_grad_cam(activations, own) - np.mean(each, axis=0), 0),
            "Presque : vous avez soustrait des cartes où ReLU a déjà effacé le contre. La "
            "différence vient avant ReLU (section 3).",
        ),
        (
            _grad_cam(activations, own - others.mean(axis=0), relu=False),
            "Presque : il manque ReLU. np.maximum(…, 0).",
        ),
        (
            _grad_cam(activations, own),
            "Pas encore : c'est la carte de la classe seule. Que faut-il retrancher du gradient ?",
        ),
        (
            _grad_cam(activations, others.mean(axis=0) - own),
            "Presque : le signe est à l'envers, c'est « les rivales plutôt que la classe ».",
        ),
        (
            _grad_cam(activations, own - gradients.mean(axis=0)),
            "Presque : vous avez pris toutes les classes. On demande les rivales seulement.",
        ),
        (
            _grad_cam(activations, own - others[0]),
            "Presque : vous n'avez pris que la première rivale.",
        ),
        (
            _grad_cam(activations, own - others),
            "Presque : chaque rivale est retranchée à part. Faites d'abord leur moyenne, axis=0.",
        ),
        (
            _grad_cam(activations, own - others.mean()),
            "Presque : votre moyenne n'est qu'un seul nombre. Faites-la sur les rivales, axis=0.",
        ),
        (
            np.maximum((activations * (own - others.mean(axis=0))).mean(axis=-1), 0),
            "Presque : vous avez fait le produit case par case. Grad-CAM fait d'abord la moyenne "
            "du gradient sur les lignes et les colonnes : un poids par canal.",
        ),
    ):
        if same(value):
            if hint is None and not np.isclose(found.max(), 1, atol=1e-4):
                return "Presque : la carte est juste, il reste à la diviser par son maximum."
            return hint
    return (
        "Pas encore : le gradient de la classe moins la moyenne de ceux des rivales, puis les "
        "trois étapes de Grad-CAM : un poids par canal, la moyenne pondérée, ReLU."
    )


def _same_map(found):
    """Compare une carte à `found`, à un facteur positif près."""

    def same(value):
        peak, own = np.abs(value).max(), np.abs(found).max()
        return bool(peak and own and np.allclose(found / own, value / peak, atol=1e-3))

    return same


# --- ★★★ L'IoU de deux boîtes -----------------------------------------------------------------

_FAULTS = {3, 4, 5, 6}
_BOXES = (
    ((10, 20, 30, 40), (10, 20, 30, 40)),  # les mêmes
    ((2, 3, 10, 8), (6, 5, 12, 20)),  # elles se recouvrent
    ((0, 0, 20, 20), (5, 6, 4, 8)),  # l'une contient l'autre
    ((0, 0, 5, 5), (20, 30, 5, 5)),  # loin, en diagonale
    ((0, 0, 10, 10), (30, 2, 10, 10)),  # loin, sur la même ligne
    ((0, 0, 10, 10), (2, 30, 10, 10)),  # loin, dans la même colonne
    ((0, 0, 4, 4), (4, 0, 4, 4)),  # un bord en commun
)


def _iou(a, b, *, right=True, bottom=True, clip=True, union=True):
    """L'IoU de deux boîtes, où seules les lignes demandées sont réparées."""
    x = min(a[0] + a[2], b[0] + b[2]) if right else min(a[2], b[2])
    y = min(a[1] + a[3], b[1] + b[3]) if bottom else min(a[3], b[3])
    width, height = x - max(a[0], b[0]), y - max(a[1], b[1])
    inter = max(0, width) * max(0, height) if clip else width * height
    total = a[2] * a[3] + b[2] * b[3] - (inter if union else 0)
    return inter / total if total else np.nan


def _untouched(function, lines):
    if not callable(function) or not _blank(lines):
        return False
    answers = [call(function, *pair)[0] for pair in _BOXES]
    faulty = [_iou(*pair, **dict.fromkeys(_HINTS, False)) for pair in _BOXES]
    return all(a is ... for a in answers) or _close(answers, faulty)


_HINTS = {
    "right": "Le bord droit d'une boîte n'est pas sa largeur : il est à x + largeur.",
    "bottom": "Le bord bas d'une boîte n'est pas sa hauteur : il est à y + hauteur.",
    "clip": (
        "Deux boîtes qui ne se touchent pas n'ont rien en commun. Or deux longueurs négatives ont "
        "un produit positif : ramenez chacune à zéro avant de les multiplier."
    ),
    "union": (
        "La somme des deux aires compte deux fois ce qu'elles ont en commun : deux boîtes "
        "identiques doivent donner 1."
    ),
}


def _box_iou(function, lines):
    found, problem = _answers(function)
    if problem:
        return problem
    if problem := _not_fixed(found):
        return problem
    return _not_these_lines(lines) or (
        f"{RIGHT}Les fautes étaient aux lignes 3, 4, 5 et 6. Sur deux boîtes qui se recouvrent, la "
        "ligne 5 paraissait juste : il faut des cas extrêmes."
    )


def _answers(function):
    found = []
    for pair in _BOXES:
        answer, problem = call(function, *pair)
        if problem:
            return None, problem
        number = _numbers(answer)
        if number is None or number.size != 1:
            return None, "Pas encore : l'IoU de deux boîtes est un nombre."
        found.append(float(number.ravel()[0]))
    return found, None


def _close(answers, expected):
    values = [_numbers(answer) for answer in answers]
    return all(
        value is not None and value.size == 1 and np.isclose(value.ravel()[0], other)
        for value, other in zip(values, expected)
    )


def _not_fixed(found):
    """Ce qui reste à réparer, d'après les sept paires de boîtes ; None si tout est juste."""
    # Le moins de fautes d'abord : plusieurs combinaisons peuvent donner les mêmes nombres.
    for fixed in sorted(product((True, False), repeat=len(_HINTS)), reverse=True, key=sum):
        state = dict(zip(_HINTS, fixed))
        if _close(found, [_iou(*pair, **state) for pair in _BOXES]):
            left = [hint for name, hint in _HINTS.items() if not state[name]]
            if not left:
                return None
            count = {1: "une ligne"}.get(len(left), f"{len(left)} lignes")
            return f"Pas encore : il reste {count} à réparer. {left[0]}"
    for pair, value in zip(_BOXES, found):
        if not np.isclose(value, _iou(*pair)):
            return (
                f"Pas encore : pour les boîtes {pair[0]} et {pair[1]}, l'IoU vaut "
                f"{_comma(_iou(*pair))}, et votre fonction donne {_comma(value)}."
            )
    return None


def _comma(value):
    return f"{value:.2f}".replace(".", ",")


def _not_these_lines(lines):
    """Ce qui manque aux numéros de lignes, la fonction étant réparée."""
    if _blank(lines):
        return "La fonction est réparée. Écrivez aussi les numéros des lignes fautives."
    try:
        chosen = {int(line) for line in lines}
    except (TypeError, ValueError):
        return "La fonction est réparée. Les lignes fautives sont une liste, comme [1, 7]."
    if chosen == _FAULTS:
        return None
    if innocent := chosen - _FAULTS:
        return f"La fonction est réparée. La ligne {min(innocent)} n'était pourtant pas fautive."
    return f"La fonction est réparée. Il manque {len(_FAULTS - chosen)} ligne(s) à votre liste."
