"""What quotes say: amounts, dates and names, read so that they can be compared."""
