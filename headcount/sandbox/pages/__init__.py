"""The sandbox's own pages: Customer.io's words and places, for people who look or need credentials."""
