"""One file for each part of the site. A view takes the request and answers with a ``Page`` or a response."""
