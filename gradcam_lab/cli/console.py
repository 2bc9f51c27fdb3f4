"""La console : ce qui ne peut plus s'y écrire n'arrête pas les images, et se dit à la fin."""

import contextlib
import io
import os

__all__ = ["Stream"]


class Stream:
    """Une sortie qui se tait dès qu'on ne peut plus y écrire, et en garde la raison dans `error`.

    Avec `| head -1`, le lecteur s'en va ; avec `> fichier`, le disque peut être plein.
    """

    def __init__(self, stream):
        self._stream = stream or io.StringIO()  # lancé sans console, `sys.stdout` vaut None
        self.error = None
        # Une console qui ne connaît pas « é » ne doit pas arrêter le calcul.
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="replace")

    def write(self, text):
        """Écrit `text`, si l'on peut encore."""
        self._attempt(self._stream.write, text)
        return len(text)

    def flush(self):
        """Vide le tampon, si l'on peut encore."""
        self._attempt(self._stream.flush)

    def _attempt(self, action, *values):
        if self.error is not None:
            return
        try:
            action(*values)
        except OSError as error:
            self.error = error
            # Sinon Python, en s'arrêtant, tenterait encore d'écrire ce qui reste dans le tampon.
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def __getattr__(self, name):
        return getattr(self._stream, name)
