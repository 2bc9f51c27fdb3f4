"""Les réseaux : le catalogue, leur chargement, leurs poids, et le petit réseau livré `mini`."""
