"""From a checked notebook to an immutable bundle and Argo manifests, as pure values."""
