"""The six services as strangers, clumsy clients and people in a hurry use them."""
