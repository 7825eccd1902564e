"""Conditional-GAN data augmentation for scikit-learn and PyTorch."""
