"""Lire un fichier importé : ipywidgets 7 et 8 ne le rangent pas de la même façon."""

__all__ = ["read_upload", "reset_upload"]


def read_upload(value):
    """Rend `(nom, octets)` du fichier importé, ou None s'il n'y en a pas."""
    if not value:
        return None
    if isinstance(value, dict):  # ipywidgets 7 : {nom: {"metadata": ..., "content": ...}}
        name, item = list(value.items())[-1]
        return name, bytes(item["content"])
    item = value[-1]  # ipywidgets 8 : ({"name": ..., "content": ...},)
    return item["name"], bytes(item["content"])


def reset_upload(control):
    """Oublie le fichier : sa mémoire est rendue, et le même pourra être importé à nouveau."""
    if isinstance(control.value, dict):
        control.set_trait("value", {})
        control._counter = 0
    else:
        control.value = ()
