"""Les erreurs de `gradcam_lab` : une phrase en français qui dit quoi faire."""

__all__ = [
    "GradcamLabError",
    "ImageError",
    "ModelError",
    "OutputError",
    "UnknownClassError",
    "UnknownLayerError",
    "UnknownMethodError",
    "UnknownModelError",
    "WeightsUnavailableError",
]


class GradcamLabError(ValueError):
    """Toute erreur prévue par `gradcam_lab` ; son message est une phrase en français."""


class ImageError(GradcamLabError):
    """L'image, le tableau ou la carte de chaleur ne peut pas être lu ou utilisé."""


class UnknownClassError(GradcamLabError):
    """Aucune classe du modèle ne porte ce numéro, cet identifiant ou ce nom."""


class UnknownLayerError(GradcamLabError):
    """Le modèle n'a pas de couche explicable de ce nom."""


class UnknownMethodError(GradcamLabError):
    """La méthode ou le score demandé n'existe pas."""


class UnknownModelError(GradcamLabError):
    """Le catalogue ne contient pas de modèle de ce nom."""


class WeightsUnavailableError(GradcamLabError):
    """Les poids du modèle ne sont ni sur cet ordinateur, ni téléchargeables, ou sont abîmés."""


class ModelError(GradcamLabError):
    """Ce modèle Keras ne peut pas être expliqué (forme d'entrée, de sortie ou structure)."""


class OutputError(GradcamLabError):
    """Le résultat ne peut pas être écrit : fichier déjà présent, dossier protégé, disque plein."""
