"""Les erreurs de `gradcam_lab` : une phrase en français qui dit ce qui ne va pas et quoi faire.

GradcamLabError (ValueError)
├── ImageError               une photo, un tableau de pixels, un fichier d'image
├── HeatmapError             une carte (h, w) ou des activations (h, w, C)
├── SettingError             un réglage : opacité, seuil, palette, mélange, score, nombre
├── UnknownClassError        une classe
├── UnknownLayerError        une couche
├── UnknownMethodError       une méthode
├── UnknownModelError        un réseau du catalogue
├── WeightsUnavailableError  des poids : absents, abîmés, ou d'un autre réseau
├── ModelError               un modèle Keras que l'on ne sait pas expliquer
├── DownloadError            un téléchargement
└── OutputError              un fichier à écrire
"""

__all__ = [
    "DownloadError",
    "GradcamLabError",
    "HeatmapError",
    "ImageError",
    "ModelError",
    "OutputError",
    "SettingError",
    "UnknownClassError",
    "UnknownLayerError",
    "UnknownMethodError",
    "UnknownModelError",
    "WeightsUnavailableError",
]


class GradcamLabError(ValueError):
    """Toute erreur prévue par `gradcam_lab` ; son message est une phrase en français."""


class ImageError(GradcamLabError):
    """L'image ou le tableau de pixels ne peut pas être lu ou utilisé."""


class HeatmapError(GradcamLabError):
    """La carte, ou les activations dont on la tire, n'a pas la forme ou les valeurs attendues."""


class SettingError(GradcamLabError):
    """Un réglage (opacité, seuil, palette, mélange, score, nombre) n'a pas de sens."""


class UnknownClassError(GradcamLabError):
    """Aucune classe du modèle ne porte ce numéro, cet identifiant ou ce nom."""


class UnknownLayerError(GradcamLabError):
    """Le modèle n'a pas de couche explicable de ce nom."""


class UnknownMethodError(GradcamLabError):
    """La méthode demandée n'existe pas."""


class UnknownModelError(GradcamLabError):
    """Le catalogue ne contient pas de modèle de ce nom."""


class WeightsUnavailableError(GradcamLabError):
    """Les poids du modèle ne sont ni sur cet ordinateur, ni téléchargeables, ou sont abîmés."""


class ModelError(GradcamLabError):
    """Ce modèle Keras ne peut pas être expliqué (forme d'entrée, de sortie ou structure)."""


class DownloadError(GradcamLabError):
    """Un fichier n'a pas pu être téléchargé ; le message dit pourquoi et que faire."""


class OutputError(GradcamLabError):
    """Le résultat ne peut pas être écrit : fichier déjà présent, dossier protégé, disque plein."""
