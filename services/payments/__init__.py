"""Payments: what partners are due and why, who approved it, and how it reached them."""
