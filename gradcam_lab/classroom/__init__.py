"""La salle : préparer cette machine pour les leçons, vérifier qu'elle est prête."""
