"""Remplit les fiches (`fiches/carte.modele.md`) avec les nombres des évaluations."""

import argparse
import re
from pathlib import Path
from string import Template

from common import CLASSES, HELD_OUT, REPO, mini, read_extra, read_split
from recipes import add_network_option, chosen

from gradcam_lab.base.numbers import percent, short_percent
from scripts.typography import no_break

HERE = Path(__file__).resolve().parent
NAMES = {
    "bonsai": "bonsaï", "elephant": "éléphant", "leopard": "léopard", "cafe": "tasse de café",
    "chien_et_chat": "chien et chat",
}  # fmt: skip


def french(value: float, digits: int = 1) -> str:
    return f"{value:.{digits}f}".replace(".", ",")


def power(value: float) -> str:
    """« 5 × 10⁻⁷ »."""
    digit, exponent = f"{value:.0e}".split("e")
    return f"{digit} × 10" + str(int(exponent)).translate(
        str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    )


def probability(rounded: float) -> str:
    """Une probabilité arrondie à quatre chiffres dans l'évaluation : 1 y veut dire « presque »."""
    return short_percent(min(max(rounded, 5e-5), 1 - 5e-5))


def interval(pair: list[float]) -> str:
    return f"{french(100 * pair[0])} à {french(100 * pair[1])}\N{NO-BREAK SPACE}%"


def name_of(key: str) -> str:
    return NAMES.get(key, key)


def class_table(test: dict) -> str:
    """Une ligne par classe : photos d'apprentissage et de test, exactitude, intervalle."""
    learned = [k for _, k in read_split("train") + read_extra(held_out=False)]
    rows = [
        "| classe | photos apprises | photos de test | justes | exactitude | intervalle à 95 % |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for k, key in enumerate(CLASSES):
        line = test["par_classe"][key]
        rows.append(
            f"| {name_of(key)} | {learned.count(k)} | {line['photos']} | {line['justes']} | "
            f"{short_percent(line['exactitude'])} | {interval(line['intervalle'])} |"
        )
    return "\n".join(rows)


def confusion_table(confusion: list[list[int]]) -> str:
    """En lignes la vraie classe, en colonnes la réponse ; les cases vides valent zéro."""
    rows = ["| vraie classe | " + " | ".join(name_of(key) for key in CLASSES) + " |",
            "|---|" + "---:|" * len(CLASSES)]  # fmt: skip
    for k, key in enumerate(CLASSES):
        cells = [
            f"**{n}**" if j == k else (str(n) if n else "") for j, n in enumerate(confusion[k])
        ]
        rows.append(f"| {name_of(key)} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def mistakes(confusion: list[list[int]]) -> str:
    """Les confusions les plus fréquentes, en phrases."""
    pairs = [
        (n, CLASSES[i], CLASSES[j])
        for i, row in enumerate(confusion)
        for j, n in enumerate(row)
        if i != j and n
    ]
    pairs.sort(key=lambda pair: (-pair[0], pair[1:]))
    lines = [f"- « {name_of(a)} », réponse « {name_of(b)} » : {n} fois" for n, a, b in pairs[:8]]
    return "\n".join(lines) or "- aucune erreur sur ces photos"


def example_table(examples: dict) -> str:
    rows = ["| photo | attendu | réponses | |", "|---|---|---|---|"]
    for key, line in examples.items():
        answers = ", ".join(f"{label} {probability(p)}" for label, p in line["trouve"])
        right = line["trouve"][0][0] in line["attendu"].split(" ou ")
        verdict = "juste" if right else "**faux**"
        rows.append(f"| {name_of(key)} | {line['attendu']} | {answers} | {verdict} |")
    return "\n".join(rows)


def contrast_table(name: str, contrasts: dict) -> str:
    rows = [
        f"| photo | carte de | chaleur totale | dans le contour du | `{name}` "
        "| non entraînés : moyenne (de - à) | surface du contour |",
        "|---|---|---:|---|---:|---:|---:|",
    ]
    for photo, found in contrasts.items():
        heat = found["chaleur_relative"]
        for target, shares in found["entraine"].items():
            for outline, share in shares.items():
                other = found["non_entraine"][target][outline]
                rows.append(
                    f"| {name_of(photo)} | {target} | {short_percent(heat[target])} | "
                    f"{outline} | {percent(share, 0)} | "
                    f"{percent(other['moyenne'], 0)} ({percent(other['minimum'], 0)} - "
                    f"{percent(other['maximum'], 0)}) | {percent(found['surface'][outline], 0)} |"
                )
    return "\n".join(rows)


# Les seuils sur les photos, fixés avant chaque entraînement : part d'un lot, au moins.
GOALS = {
    "mini": (("exactitude sur le test", "test", "exactitude", 0.96),),
    "mini_localise": (
        ("exactitude sur le test", "test", "exactitude", 0.95),
        ("moyenne des quatorze classes", "test", "exactitude_moyenne", 0.94),
        ("chats et chiens non triés, mis de côté", "extra_de_cote", "exactitude", 0.90),
    ),
}


def map_goals(result: dict) -> list[tuple]:
    """Les seuils que `mini_localise` devait tenir sur les photos d'exemple et leurs cartes."""
    share = short_percent
    goals = [("erreur de calibration sur le test", result["test"]["ece"], 0.05, False, share)]
    for photo in ("chelsea", "dalmatien"):
        if photo in result["exemples"]:
            line = result["exemples"][photo]
            label, answered = line["trouve"][0]
            found = answered if label == line["attendu"] else 0.0
            name = f"probabilité de la bonne classe, {photo}"
            goals.append((name, found, 0.9, True, probability))
    if "dalmatien" in result["contraste"]:
        maps = result["contraste"]["dalmatien"]["entraine"]
        for target, wanted, above in (("dalmatien", 0.65, True), ("chat", 0.15, False)):
            name = f"dalmatien : chaleur de « {target} » dans le contour du chien"
            goals.append((name, maps[target]["chien"], wanted, above, share))
    if "chien_et_chat" in result["contraste"]:
        maps = result["contraste"]["chien_et_chat"]["entraine"]
        for target in ("chien", "chat"):
            name = f"chien et chat : chaleur de « {target} » sur le bon animal"
            goals.append((name, maps[target][target], 0.5, True, share))
    return goals


def goal_table(name: str, result: dict) -> str:
    """Les objectifs fixés avant l'entraînement, et s'ils sont atteints."""
    speed = result["vitesse"]
    goals = [
        (title, result[part][field], wanted, True, short_percent)
        for title, part, field, wanted in GOALS[name]
    ]
    if name == "mini_localise":  # pour `mini`, les cartes sont mesurées, et rien n'en est exigé
        goals += map_goals(result)
    goals += [
        ("une carte (ms)", speed["carte_ms"], 30, False, french),
        ("une autre classe (ms)", speed["autre_classe_ms"], 5, False, french),
        ("chargement (s)", speed["chargement_s"], 1, False, french),
        ("fichier des poids (Mo)", result["poids"]["octets"] / 1e6, 2.5, False, french),
    ]
    rows = ["| objectif | seuil | mesuré | |", "|---|---:|---:|---|"]
    for title, value, wanted, above, written in goals:
        reached = value >= wanted if above else value <= wanted
        sign = "au moins" if above else "au plus"
        verdict = "atteint" if reached else "**non atteint**"
        rows.append(f"| {title} | {sign} {written(wanted)} | {written(value)} | {verdict} |")
    return "\n".join(rows)


def trace_note(contrasts: dict) -> str:
    """Ce que vaut la carte de « chat » sur le dalmatien."""
    if "dalmatien" not in contrasts:
        return ""
    heat = contrasts["dalmatien"]["chaleur_relative"]["chat"]
    if not heat:
        return (
            "Sur le dalmatien, la carte de « chat » est tout à fait vide : rien, dans cette\n"
            "photo, ne plaide pour un chat. C'est ce que disent les 0 % du tableau.\n"
        )
    return (
        "Sur le dalmatien, la carte de « chat » n'est pas vide. Avant normalisation, elle porte\n"
        f"{short_percent(heat)} de la chaleur de « dalmatien » ; mais cette trace est posée sur\n"
        "le chien, et une carte divisée par son propre maximum ne dit plus qu'elle est faible. La\n"
        "part dans le contour ne suffit donc pas : le tableau du contraste, plus bas, donne aussi\n"
        "la chaleur totale.\n"
    )


def phase_table(phases: list[dict]) -> str:
    """Les réglages de chaque phase d'apprentissage."""
    rows = [
        "| phase | pas | taux d'apprentissage, au plus | part des pas à 96 pixels | séries de vues "
        "| poids de la leçon du lieu | marge | case la plus chaude |",
        "|---:|---:|---:|---:|---|---:|---:|---|",
    ]
    for number, p in enumerate(phases, 1):
        rows.append(
            f"| {number} | {p['pas']} | {french(p['taux'], 4)} "
            f"| {percent(p['part_a_96_pixels'], 0)} | {', '.join(map(str, p['series']))} "
            f"| {french(p['lieu'], 2)} "
            f"| {french(p['marge'])} | {'jugée' if p['pointes'] else 'non'} |"
        )
    return "\n".join(rows)


def emptiness(maps: dict) -> str:
    """Combien de réponses ont une carte vide, combien sont fausses, et avec quelle confiance."""
    if not maps["reponses_vides"]:
        return f"aucune sur {maps['reponses']}"
    wrong = maps["vides_et_fausses"]
    return (
        f"{maps['reponses_vides']} sur {maps['reponses']}, dont {wrong or 'aucune'} "
        f"{'fausses' if wrong > 1 else 'fausse'} "
        f"(confiance moyenne {percent(maps['confiance_des_vides'], 0)})"
    )


def own_texts(name: str) -> dict[str, str]:
    """Les textes propres au réseau `name`, dans `fiches/NOM.md`, par titre."""
    pieces = re.split(
        r"^=== (\w+)\n", (HERE / "fiches" / f"{name}.md").read_text("utf-8"), flags=re.M
    )
    return {title: text.strip() for title, text in zip(pieces[1::2], pieces[2::2])}


def write_card(name: str) -> None:
    """Écrit `docs/carte_NOM.md`."""
    result, card, log = mini.evaluation(name), mini.manifest(name), mini.training_log(name)
    test, extra, speed = result["test"], result["extra_de_cote"], result["vitesse"]
    gaps = result["poids"]["ecarts"]
    animals = [test["par_classe"][k] for k in ("chat", "chien")]
    smallest = sorted(test["par_classe"].items(), key=lambda item: item[1]["photos"])[:3]
    values = {
        "nom": name,
        "parametres": f"{card['parameters']:,}".replace(",", " "),
        "octets": french(result["poids"]["octets"] / 1e6, 2),
        "empreinte": card["sha256"],
        "temperature": french(card["temperature"], 2),
        "conversion": "non mesuré ici" if gaps is None else power(gaps["conversion"]),
        "arrondi": "non mesuré ici" if gaps is None else power(gaps["arrondi"]),
        "val": short_percent(result["validation"]["exactitude"]),
        **{
            f"val_moyenne_{phase}": short_percent(
                [row["exactitude_moyenne_val"] for row in log if row["phase"] == phase][-1]
            )
            for phase in {int(row["phase"]) for row in log}
        },
        "val_moyenne": short_percent(result["validation"]["exactitude_moyenne"]),
        "test": short_percent(test["exactitude"]),
        "test_intervalle": interval(test["intervalle"]),
        "test_photos": test["photos"],
        "moyenne": short_percent(test["exactitude_moyenne"]),
        "moyenne_intervalle": interval(test["intervalle_moyenne"]),
        "test_animaux": short_percent(
            sum(a["justes"] for a in animals) / sum(a["photos"] for a in animals)
        ),
        "extra": short_percent(extra["exactitude"]),
        "extra_intervalle": interval(extra["intervalle"]),
        "extra_photos": extra["photos"],
        "extra_chat": short_percent(extra["par_classe"]["chat"]["exactitude"]),
        "extra_chien": short_percent(extra["par_classe"]["chien"]["exactitude"]),
        "part_de_cote": percent(HELD_OUT, 0),
        "ece": short_percent(test["ece"]),
        "ece_extra": short_percent(extra["ece"]),
        "confiance": short_percent(test["confiance_moyenne"]),
        "petites": ", ".join(f"{name_of(k)} ({v['photos']})" for k, v in smallest),
        "carte_ms": french(speed["carte_ms"]),
        "autre_ms": french(speed["autre_classe_ms"]),
        "chargement": french(speed["chargement_s"], 2),
        "coeurs": speed["coeurs"],
        "classes": class_table(test),
        "confusion": confusion_table(test["confusion"]),
        "objectifs": goal_table(name, result),
        "trace": trace_note(result["contraste"]),
        "traces_test": short_percent(test["cartes"]["traces"]),
        "traces_val": short_percent(result["validation"]["cartes"]["traces"]),
        "vides_test": emptiness(test["cartes"]),
        "vides_extra": emptiness(extra["cartes"]),
        "erreurs": mistakes(test["confusion"]),
        "exemples": example_table(result["exemples"]),
        "contraste": contrast_table(name, result["contraste"])
        if result["contraste"]
        else "(non mesuré)",
        "phases": phase_table(card["phases"]),
        "minutes": round(
            sum(
                max(r["secondes"] for r in log if r["phase"] == p)
                for p in {r["phase"] for r in log}
            )
            / 60
        ),
    }
    texts = {k: Template(text).substitute(values) for k, text in own_texts(name).items()}
    template = Template((HERE / "fiches" / "carte.modele.md").read_text(encoding="utf-8"))
    card_text = no_break(template.substitute(values, **texts))
    (REPO / "docs" / f"carte_{name}.md").write_text(card_text, encoding="utf-8")


if __name__ == "__main__":  # récrit les fiches sans refaire les mesures
    parser = argparse.ArgumentParser(description="Récrit les fiches sans rien mesurer.")
    add_network_option(parser)
    for network in chosen(parser.parse_args().reseau):
        write_card(network)
