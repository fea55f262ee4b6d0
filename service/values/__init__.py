"""What quotes say: amounts, days and names, read so that they can be compared."""
