"""Leçon 2 : ce que disent les corrections de la carte calculée à la main."""

import nbformat
import numpy as np
import pytest
import tiny_models

import gradcam_lab as gl
from gradcam_lab import lessons as exercises
from scripts.set_repository import ROOT


@pytest.fixture
def told(capsys):
    """Ce qu'une correction a affiché."""
    return lambda: capsys.readouterr().out


@pytest.fixture(scope="module")
def analysis():
    model = gl.Classifier(
        tiny_models.build("softmax dans Dense"), labels=["chat", "chien", "lapin", "âne"]
    )
    return model.analyze(tiny_models.make_image(size=24))


def cam(pool="positions", keep="relu", order="after", divide="guarded"):
    """Une fonction de carte, juste ou fausse selon ces choix."""

    def function(activations, gradients):
        weights = gradients
        if pool == "positions":
            weights = gradients.mean(axis=(0, 1))
        elif pool == "channels":
            weights = gradients.mean(axis=-1, keepdims=True)
        elif pool != "none":
            weights = gradients.mean(axis=pool)
        product = activations * weights
        if order == "before":
            product = np.maximum(product, 0)
        heatmap = {"relu": lambda m: np.maximum(m, 0), "abs": np.abs, "none": lambda m: m}[keep](
            product.mean(axis=-1)
        )
        if divide == "never" or (divide == "guarded" and heatmap.max() <= 0):
            return heatmap
        return heatmap / heatmap.max()

    return function


def holes(activations, gradients):
    pooled = np.mean(gradients, axis=...)
    return np.maximum(activations * pooled, ...)


def test_the_written_function(told):
    for function, sentence in [
        (cam(), "Exact"),
        (lambda a, g: gl.methods.normalize(gl.methods.gradcam(a, g)), "Exact"),
        (holes, "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
        (cam(divide="always"), "il ne faut pas diviser"),
        (cam(divide="never"), "diviser la carte par son maximum"),
        (cam(pool="none"), "avec Flatten"),
        (cam(pool="channels"), "un poids par canal"),
        (cam(pool="channels", keep="abs"), "un poids par canal"),
        (cam(keep="none"), "le travail de ReLU"),
        (cam(keep="abs"), "ne le rend pas positif"),
        (cam(order="before"), "ReLU vient après"),
        (lambda a, g: a.mean(axis=-1), "multipliez d'abord"),
        (lambda a, g: np.maximum(g.mean(axis=-1), 0), "ne contient pas les activations"),
        (lambda a, g: a * g.mean(axis=(0, 1)), "la moyenne sur les canaux"),
        (lambda a, g: a.mean(axis=-1)[None], "dimension du lot"),
        (lambda a, g: g.mean(axis=(0, 1)), "sur quels axes"),
        (lambda a, g: a * ..., "Pas encore de réponse"),
        (lambda a, g: np.maximum(a.mean(axis=-1), ...), "Pas encore de réponse"),
        (lambda a, g: a.mean(axis=-1) / ..., "Pas encore de réponse"),
        (lambda a, g: a @ g, "s'arrête sur une erreur (ValueError"),
        (lambda a: a, "s'arrête sur une erreur (TypeError"),
        (lambda a, g: None, "terminez-la par return"),
        (lambda a, g: "carte", "pas un tableau"),
        (lambda a, g: 42, "pas un tableau"),
        (cam(pool=(0, 1, 2)), "gardez les canaux"),
        (cam(pool=None), "gardez les canaux"),
        (cam(pool=0), "gardez les canaux"),
        (cam(pool=0, keep="abs"), "gardez les canaux"),
        (lambda a, g: np.eye(5, 7), "reprenez les étapes"),
        (np.eye(5, 7), "sans parenthèses"),
        (3, "sans parenthèses"),
    ]:
        exercises.check_gradcam(function)
        assert sentence in told(), sentence


def test_a_written_function_may_change_what_it_receives(told):
    def loop(activations, gradients):
        for channel, weight in enumerate(gradients.mean(axis=(0, 1))):
            activations[:, :, channel] *= weight
        return gl.methods.normalize(np.maximum(activations.mean(axis=-1), 0))

    exercises.check_gradcam(loop)
    assert "Exact" in told()


def test_the_map_against_a_class(analysis, told):
    target = next(
        p.index for p in analysis.top(4)[1:] if np.ptp(np.sign(signed_map(analysis, p.index))) == 2
    )
    signed = signed_map(analysis, target)
    other = next(
        m
        for m in (signed_map(analysis, p.index) for p in analysis.top(4) if p.index != target)
        if m.min() < 0
    )
    positive = gl.methods.normalize
    for answer, sentence in [
        (positive(np.maximum(-signed, 0)), "Exact"),
        (..., "Pas encore de réponse"),
        (positive(signed), "plaide pour la classe"),
        (positive(np.abs(signed)), "la valeur absolue"),
        (signed / signed.min(), "le signe est changé"),
        (-signed / np.abs(signed).max(), "le signe est changé"),
        (positive(-other), "il faut la classe"),
        (-signed, "le travail de ReLU"),
        (signed - 1, "le travail de ReLU"),
        (np.maximum(-signed, 0), "diviser la carte par son maximum"),
        (np.zeros_like(signed), "le signe avant ReLU"),
        (np.eye(*signed.shape), "reprenez les étapes"),
        ("contre", "pas un tableau"),
        (None, "pas un tableau"),
        (42, "pas un tableau"),
    ]:
        exercises.check_against(answer, analysis, target)
        assert sentence in told(), sentence


def test_a_map_of_one_sign_does_not_test_relu(told):
    analysis = gl.load_model("mini").analyze(gl.sample("chelsea"))
    blank = [p.index for p in analysis.top(14) if analysis.diagnose(p.index)]
    least = blank[0]
    signed = signed_map(analysis, least)
    assert signed.max() <= 0
    exercises.check_against(signed / signed.min(), analysis, least)
    assert "essayez aussi une classe où il y a les deux" in told()
    top = analysis.top(1)[0].index
    signed = signed_map(analysis, top)
    assert signed.min() < 0 < signed.max()
    for wrong in (gl.methods.normalize(np.abs(signed)), signed / signed.min(), -signed):
        exercises.check_against(wrong, analysis, top)
        assert told().startswith("Presque")


def signed_map(analysis, target):
    return gl.methods.gradcam(analysis.activations(), analysis.gradients(target), relu=False)


def test_the_bug_hunt(told):
    mended, suspect = cam(), cam(pool="channels", keep="abs")
    for function, lines, sentence in [
        (mended, [1, 4], "Exact"),
        (mended, {4, 1}, "Exact"),
        (holes, ..., "Pas encore de réponse"),
        (..., ..., "Pas encore de réponse"),
        (mended, ..., "les numéros des lignes"),
        (mended, [1], "il en reste une autre"),
        (mended, [1, 2], "Une des lignes"),
        (mended, [2, 3], "Aucune des lignes"),
        (mended, "un", "dans une liste"),
        (mended, [1.5, None], "dans une liste"),
        (holes, [1, 4], "Il reste à écrire la fonction"),
        (suspect, [1, 4], "les deux fautes"),
        (cam(pool="channels"), [1, 4], "celle du signe"),
        (cam(keep="abs"), [1, 4], "celle des poids"),
        (cam(keep="none"), [1, 4], "le travail de ReLU"),
        (cam(pool=(0, 1, 2)), [1, 4], "gardez les canaux"),
        (cam(pool=0), [1, 4], "gardez les canaux"),
        (lambda a, g: None, [1, 4], "terminez-la par return"),
        (cam(divide="always"), [1, 4], "il ne faut pas diviser"),
        ("réparée", [1, 4], "sans parenthèses"),
    ]:
        exercises.check_mended(function, lines)
        assert sentence in told(), sentence


def test_the_suspect_of_the_notebook_shows_each_of_its_faults(told):
    """La division y est écrite en entier : `normalize` cacherait l'absence de ReLU."""
    notebook = nbformat.read(ROOT / "notebooks" / "02_gradcam_pas_a_pas.ipynb", as_version=4)
    source = next(cell.source for cell in notebook.cells if cell.id == "suspect")
    source = source[: source.index("both =")]
    axis, sign = "gradients.mean(axis=-1, keepdims=True)", "np.abs(signed)"
    for first, fourth, sentence in [
        (axis, sign, "les deux fautes"),
        ("gradients.mean(axis=(0, 1))", sign, "celle des poids"),
        ("gradients.mean(axis=(0, 1))", "signed", "le travail de ReLU"),
        (axis, "np.maximum(signed, 0)", "celle du signe"),
        ("gradients.mean(axis=(0, 1))", "np.maximum(signed, 0)", "Exact"),
    ]:
        names = {"np": np, "gl": gl}
        assert axis in source
        assert sign in source
        exec(source.replace(axis, first).replace(sign, fourth), names)
        exercises.check_mended(names["suspect"], [1, 4])
        assert sentence in told(), sentence


def test_each_correction_is_one_sentence_on_one_line(analysis, told):
    exercises.check_gradcam(cam(keep="abs"))
    exercises.check_against(np.eye(2), analysis, 0)
    exercises.check_mended(cam(pool="channels"), [1])
    assert told().count("\n") == 3


def test_the_trial_tells_every_known_mistake_from_the_right_map():
    from gradcam_lab.lessons.checks.part_1 import lesson_2

    activations, gradients = lesson_2._trial()
    right = gl.methods.normalize(gl.methods.gradcam(activations, gradients))
    assert 0 < (right == 0).sum() < right.size  # ReLU y fait quelque chose
    wrong = [gl.methods.normalize(m) for m, _ in lesson_2._gradcam_hints(activations, gradients)]
    for number, one in enumerate(wrong):
        for other in [right, *wrong[:number]]:
            assert np.abs(one - other).max() > 0.05
