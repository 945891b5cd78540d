"""Text of a cell or job -> Tree -> Stage: reading with places, binding, checking, lint."""
