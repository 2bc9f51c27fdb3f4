"""Les erreurs du disque, dites en français : une seule table pour lire, écrire et télécharger."""

import errno

__all__ = ["disk_reason"]

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG}
_PROTECTED = {errno.EACCES, errno.EPERM, errno.EROFS}
_BAD_NAME = {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.ELOOP}


def disk_reason(error):
    """Renvoie « full », « protected », « name », « missing » ou « other », le genre d'`error`."""
    if error.errno in _FULL:
        return "full"
    if isinstance(error, PermissionError) or error.errno in _PROTECTED:
        return "protected"
    if error.errno in _BAD_NAME:
        return "name"
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return "missing"
    return "other"
