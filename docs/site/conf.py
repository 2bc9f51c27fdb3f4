"""Le cours en pages web : les réglages de Sphinx (`make site`, voir scripts/build_site.py)."""

import sys
from importlib.metadata import version as installed
from pathlib import Path

from docutils import nodes

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

from scripts.set_repository import repository  # noqa: E402

OWNER, NAME = repository().split("/")

project = "Grad-CAM pas à pas"
author = "les auteurs du cours"
copyright = "les auteurs du cours ; textes sous CC BY 4.0, code sous MIT"
release = version = installed("gradcam_lab")
language = "fr"
# `"add"` reste `"add"`, et non « add » : les textes se lisent comme dans le dépôt.
smartquotes_action = "D"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "docstrings",  # les intertitres Arguments, Rend, Lève, Source, Exemple
    "mathml",  # les formules sans JavaScript
]
# Tout avertissement est une erreur (`-W`), y compris un lien de docstring qui ne mène nulle part.
nitpicky = True

# --- Les carnets : leurs sorties enregistrées, rien n'est exécuté ---------------------------------
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath"]
# Des ancres comme celles de GitHub : les mêmes liens servent aux deux endroits.
myst_heading_anchors = 4

# --- La référence, tirée des docstrings -----------------------------------------------------------
# Dans une docstring, un mot entre accents graves est du code.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "none"
add_module_names = False

# --- Les pages ------------------------------------------------------------------------------------
html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = project
html_baseurl = f"https://{OWNER}.github.io/{NAME}/"
html_static_path = [str(HERE / "static")]
html_css_files = ["style.css"]
html_show_sphinx = False
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    # Court : à côté de lui, un téléphone montre aussi la loupe et le menu.
    "logo": {"text": "Grad-CAM"},
    "header_links_before_dropdown": 6,
    "header_dropdown_text": "Plus",
    "search_bar_text": "Chercher dans le cours…",
    "icon_links": [
        {
            "name": "Le dépôt du cours",
            "url": f"https://github.com/{repository()}",
            "icon": "fa-brands fa-github",
        }
    ],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    # Des couleurs de code qui contrastent assez, dans les deux thèmes.
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def setup(app):
    def drop_empty_headers(app, tree):
        # Markdown veut un en-tête à chaque tableau ; vide, il n'annonce rien à qui l'écoute.
        for header in list(tree.findall(nodes.thead)):
            if not header.astext().strip():
                header.parent.remove(header)

    def skip_inherited(app, what, name, value, skipped, options):
        # Ce qu'une classe tient d'une autre bibliothèque se lit dans sa documentation à elle.
        home = getattr(value, "__module__", None) or "gradcam_lab"
        return skipped or not home.startswith("gradcam_lab")

    app.connect("doctree-read", drop_empty_headers)
    app.connect("autodoc-skip-member", skip_inherited)
