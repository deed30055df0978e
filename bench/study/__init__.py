"""The study behind the portfolio: a bank of fits, and the product's own scheduler run over it on a simulated clock."""
