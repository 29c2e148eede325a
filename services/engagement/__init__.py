"""The working life of partners in one organisation: onboarding, terms, committees, meetings."""
