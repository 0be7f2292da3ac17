"""Clouds, each behind contracts.Provider and independent of the others."""
