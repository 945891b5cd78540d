"""What lifecycle plugins do, in modules at the same paths as their declarations."""
