"""Les formules en MathML, que les navigateurs lisent : ni JavaScript, ni serveur extérieur."""

import re

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

# `\big(` agrandit une parenthèse ; en MathML, le navigateur le fait de lui-même.
SIZE = re.compile(r"\\[bB]igg?[lrm]?(?![A-Za-z])")


def written(node, **options):
    return tex2mathml(SIZE.sub("", node.astext()), **options)


def inline(translator, node):
    translator.body.append(written(node))
    raise nodes.SkipNode


def block(translator, node):
    # `tabindex` : une formule plus large que l'écran se fait défiler aussi au clavier.
    translator.body.append('<div class="formula" tabindex="0">')
    translator.body.append(written(node, as_block=True))
    translator.body.append("</div>")
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
