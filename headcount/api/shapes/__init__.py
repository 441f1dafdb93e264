"""How things look in JSON. The names are those that orchestrators know; what is Headcount's own is added."""
