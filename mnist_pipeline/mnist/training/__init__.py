"""Training a network: settings, networks, augmentation, the fit."""
