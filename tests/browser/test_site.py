"""Le site dans Chromium : ce qu'axe-core en dit, un téléphone, la recherche en français."""

import subprocess
import sys

import pytest

from scripts import build_site

PAGES = ("index.html", "notebooks/02_gradcam_pas_a_pas.html", "api/gl.html")


@pytest.fixture(scope="module")
def site():
    """Le site ; s'il est déjà construit, seules les pages changées sont refaites."""
    for name in ("sphinx", "myst_nb", "pydata_sphinx_theme"):
        pytest.importorskip(name, reason=f"{name} n'est pas installé : lancez « make site »")
    done = subprocess.run(
        [sys.executable, "scripts/build_site.py"],
        cwd=build_site.ROOT,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return build_site.SITE


@pytest.fixture
def read(site, page):
    """Ouvre une page du site, tel qu'il est dans le dossier : sans serveur."""

    def opened(name, *, width=1280, scheme="light"):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{site.as_uri()}/{name}")
        return page

    return opened


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(name, scheme, read):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(read(name, scheme=scheme))
    assert found.response["passes"]
    assert found.violations_count == 0, found.generate_report()


def test_axe_sees_what_is_wrong(read):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = read(PAGES[1])
    page.evaluate(
        """() => {
            const article = document.querySelector("article");
            article.querySelector("img").removeAttribute("alt");
            article.insertAdjacentHTML("afterbegin",
                '<h1>Encore</h1><h5>Trop bas</h5><p style="color:#ccc">Trop pâle</p>');
        }"""
    )
    seen = {violation["id"] for violation in axe.run(page).response["violations"]}
    assert {"image-alt", "heading-order", "color-contrast"} <= seen


@pytest.mark.parametrize("name", [*PAGES, "docs/guide_enseignant.html", "docs/carte_mini.html"])
def test_a_phone_never_scrolls_sideways(name, read):
    page = read(name, width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_menu_of_a_phone_leads_to_a_lesson(read):
    page = read("index.html", width=360)
    page.locator(".primary-toggle").click()
    page.locator("dialog").get_by_role("link", name="Leçons").click()
    page.locator("article").get_by_role("link", name="Leçon 2").click()
    assert "Leçon 2" in page.locator("h1").inner_text()


def test_nothing_is_asked_elsewhere(read, page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for name in PAGES:
        read(name)
    assert asked
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_search_is_in_french(read):
    # Aucune page n'écrit « superposait » : un mot français est réduit à sa racine.
    page = read("search.html?q=superposait")
    results = page.locator("#search-results")
    results.get_by_text("Recherche terminée").wait_for()
    assert results.get_by_role("link", name="Leçon 3. Superposer").count()
    assert results.locator('a[href*="solutions"]').count() == 0
