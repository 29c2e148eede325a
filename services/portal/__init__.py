"""The portal: each organisation's views, and the API they are read through."""
