"""HF and VHF: sky wave, near-vertical incidence, ground wave and noise."""
