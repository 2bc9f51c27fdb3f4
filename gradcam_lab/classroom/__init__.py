"""La salle : vérifier que cette machine est prête pour les leçons."""
