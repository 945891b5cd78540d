"""What the lifecycle plugins of the same name do."""
