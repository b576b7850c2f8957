"""The manifests for Kubernetes: as kustomize builds them, and as schemas and the command take them."""
