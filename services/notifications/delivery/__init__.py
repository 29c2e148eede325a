"""How messages leave: by e-mail into a folder or over SMTP, and as letters to be posted."""
