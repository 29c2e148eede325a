"""Recruitment: from a campaign's advert to the appointment of a partner."""
