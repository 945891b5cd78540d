"""How stages run, at the same paths as their declarations; the only code that touches Spark DataFrames."""
