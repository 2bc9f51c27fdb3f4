"""Ce que tient chaque page du site, une fois construite ; voir scripts/build_site.py.

Un seul titre principal, en français, un texte pour chaque image, aucun lien mort à l'intérieur, et
rien qui soit demandé à un autre serveur.
"""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """Ce que l'on vérifie d'une page."""

    def __init__(self, path: Path):
        super().__init__()
        self.titles, self.lang, self.silent = 0, None, []
        self.ids, self.links, self.loaded = set(), [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids.add(found.get("id"))
        self.titles += tag == "h1"
        if tag == "html":
            self.lang = found.get("lang")
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag in ("img", "script", "iframe", "source") and found.get("src"):
            self.loaded.append(found["src"])
        if tag == "link" and found.get("rel") != "canonical":
            self.loaded.append(found["href"])
        if tag == "img" and not found.get("alt"):
            self.silent.append(found.get("src"))


def check(site: Path) -> list[str]:
    """Renvoie les défauts des pages de `site`, une phrase chacun."""
    # Dans `_static`, ce sont les modèles du thème, que personne n'ouvre.
    site = site.resolve()
    files = [path for path in site.rglob("*.html") if "_static" not in path.parts]
    pages = {path: Page(path) for path in sorted(files)}
    faults = [] if pages else [f"{site} n'a aucune page"]
    for path, page in pages.items():
        name = path.relative_to(site).as_posix()
        if page.titles != 1:
            faults.append(f"{name} : {page.titles} titres principaux au lieu d'un")
        if page.lang != "fr":
            faults.append(f"{name} : la langue est « {page.lang} »")
        faults += [f"{name} : l'image {source} n'a pas de texte" for source in page.silent]
        for link in page.loaded + page.links:
            parts = urlsplit(link)
            if parts.scheme == "data":
                continue
            if parts.scheme or parts.netloc:
                if link in page.loaded:
                    faults.append(f"{name} : demande {link} à un autre serveur")
                continue
            target = path
            if parts.path:
                target = (path.parent / unquote(parts.path)).resolve()
            if not target.is_file():
                faults.append(f"{name} : {link} ne mène nulle part")
                continue
            anchor = unquote(parts.fragment)
            if anchor and target in pages and anchor not in pages[target].ids:
                faults.append(f"{name} : {link} n'a pas cette partie")
    return faults
